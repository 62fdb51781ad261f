/** Which logs and authorities take part in a signature, as a signing config says (sigstore_trustroot.proto, SigningConfig). */

import type { Selection, Service, SigningConfig } from '../formats/sigstore/signing-config.ts'
import { parseTime } from '../formats/time.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'

export type LogVersion = 1 | 2

export interface Services {
  /** At least one. */
  readonly logs: readonly string[]
  /** Of all of them. */
  readonly version: LogVersion
  /** A Fulcio certificate authority. */
  readonly certificates: string | null
  /** RFC 3161 authorities, by their whole URL. */
  readonly timestamps: readonly string[]
}

const LOG_VERSIONS = [2, 1] as const
const FULCIO_VERSIONS = [1] as const
const TSA_VERSIONS = [1] as const

/**
 * Of the services that are valid now, those of the highest version that is spoken here; of each operator the newest; of
 * these as many as the config selects. ANY takes the newest of all.
 *
 * @throws TlogError CONFIG_INVALID when no log is left, or fewer services than EXACT counts
 */
export function selectServices(config: SigningConfig, now: UnixMillis): Services {
  const logs = select('log', config.rekorTlogUrls, { selection: config.rekorTlogConfig, versions: LOG_VERSIONS, now })
  const version = LOG_VERSIONS.find((one) => one === logs[0]?.majorApiVersion)
  if (version === undefined)
    throw new TlogError('CONFIG_INVALID', 'the signing config has no log of Rekor API 1 or 2 that is valid now')
  const rule = { selection: config.tsaConfig, versions: TSA_VERSIONS, now }
  const [authority] = newest(config.caUrls, FULCIO_VERSIONS, now)
  return {
    logs: logs.map(({ url }) => url),
    version,
    certificates: authority?.url ?? null,
    timestamps: select('timestamp authority', config.tsaUrls, rule).map(({ url }) => url),
  }
}

interface Rule {
  readonly selection: Selection
  readonly versions: readonly number[]
  readonly now: UnixMillis
}

function select(what: string, services: readonly Service[], { selection, versions, now }: Rule): readonly Service[] {
  const able = newest(services, versions, now)
  const found = able.filter(({ operator }, i) => able.findIndex((one) => one.operator === operator) === i)
  if (selection.selector !== 'EXACT') return selection.selector === 'ALL' ? found : found.slice(0, 1)
  if (found.length < selection.count)
    throw new TlogError(
      'CONFIG_INVALID',
      `the signing config wants ${selection.count} of kind ${what}, and has ${found.length} operators that are valid now`,
    )
  return found.slice(0, selection.count)
}

/** Those of the highest version, the newest first. Both ends of a range are inside. */
function newest(services: readonly Service[], versions: readonly number[], now: UnixMillis): readonly Service[] {
  const valid = services.filter(
    ({ validFor: { start, end } }) => parseTime(start) <= now && (end === undefined || now <= parseTime(end)),
  )
  const highest = versions.find((version) => valid.some(({ majorApiVersion }) => majorApiVersion === version))
  return valid
    .filter(({ majorApiVersion }) => majorApiVersion === highest)
    .sort((a, b) => parseTime(b.validFor.start) - parseTime(a.validFor.start))
}
