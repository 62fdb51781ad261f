/** The trust files: what a client needs to trust this server's logs, composed from the logs and the configuration. */

import type { TrustConfig } from '../config/trust.ts'
import { isWaiting, logOfHost, type Reachable } from '../dialects/of-host.ts'
import type { Policy, PolicyGroup, PolicyWitness } from '../formats/c2sp/policy.ts'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { clientKey } from '../formats/log-key.ts'
import { formatPem } from '../formats/pki/pem.ts'
import type { Service } from '../formats/sigstore/signing-config.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import {
  type TimeRange,
  type TrustedLog,
  type TrustedRoot,
  trustedLogByKey,
  trustedV2Log,
} from '../formats/sigstore/trusted-root.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { concat, utf8 } from '../kernel/bytes.ts'
import { services, timeText, trustedAuthority, trustedCtLog } from './authorities.ts'
import { trustFiles } from './files.ts'

/** A log as far as its clients must know it. */
export interface TrustLog {
  readonly slug: string
  readonly dialect: string
  readonly origin: string
  readonly vkey: string
  readonly ecdsaKey: string | null
  readonly mlDsaVkey: string | null
  readonly createdAt: UnixMillis
  /** When it was frozen, or null while it takes entries. */
  readonly retiredAt: UnixMillis | null
  /** Others have its key: nothing that it signed counts (docs/adr/0005-compromised-logs.md). */
  readonly isCompromised: boolean
}

/** Witnesses of the policy, and how many of them must have cosigned. */
export type Witnessing = Pick<Policy, 'witnesses' | 'groups' | 'quorum'>

export const NO_WITNESSES: Witnessing = {
  witnesses: [] as readonly PolicyWitness[],
  groups: [] as readonly PolicyGroup[],
  quorum: null,
}

export interface TrustInput {
  /** What clients reach; no trailing slash. */
  readonly url: string
  /** In order of creation. */
  readonly logs: readonly TrustLog[]
  readonly config: TrustConfig
  readonly witnessing: Witnessing
}

interface Dialect {
  readonly majorApiVersion: number
  trusted(baseUrl: string, log: TrustLog, validFor: TimeRange): TrustedLog
}

/** Those that Sigstore's clients speak; a log of another stands in the policy and has its keys listed. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'rekor-v2': {
    majorApiVersion: 2,
    trusted: (baseUrl, { vkey }, validFor) => trustedV2Log(baseUrl, parseVkey(vkey), validFor),
  },
  'rekor-v1': {
    majorApiVersion: 1,
    // Its entries' times are whole seconds: that of the first may lie before the moment of creation.
    trusted: (baseUrl, log, { start, ...end }) =>
      trustedLogByKey(baseUrl, clientKey(log), { start: start.replace(/\.\d+Z$/, 'Z'), ...end }),
  },
}

/**
 * Files by name, and of each log its key in two forms.
 * @throws TlogError CERTIFICATE_MALFORMED, KEY_MALFORMED, naming the service of the configuration.
 */
export function composeTrustFiles(input: TrustInput): ReadonlyMap<string, Uint8Array> {
  const operator = input.config.operator ?? new URL(input.url).hostname
  const files = trustFiles({
    root: trustedRoot(input),
    logs: logServices(input, operator),
    services: services(input.config, operator),
    policy: policy(input),
  })
  for (const log of input.logs.filter(isTrusted)) {
    files
      .set(vkeyName(log.slug), utf8(`${log.vkey}\n`))
      .set(pemName(log.slug), utf8(formatPem(clientKey(log), 'PUBLIC KEY')))
    if (log.mlDsaVkey !== null) files.set(mlDsaName(log.slug), utf8(`${log.mlDsaVkey}\n`))
  }
  return files.set('policy', concat(files.get('policy') ?? new Uint8Array(), utf8(postQuantum(input))))
}

/** The names of files that an earlier run may have written, and that must not be found any more. */
export function withdrawnFiles(logs: readonly TrustLog[]): readonly string[] {
  return logs
    .filter((log) => !isTrusted(log))
    .flatMap(({ slug }) => [vkeyName, pemName, mlDsaName].map((nameOf) => nameOf(slug)))
}

function isTrusted({ isCompromised }: TrustLog): boolean {
  return !isCompromised
}

const vkeyName = (slug: string) => `${slug}.vkey`
const mlDsaName = (slug: string) => `${slug}.ml-dsa-44.vkey`
const pemName = (slug: string) => `${slug}.pem`

function trustedRoot({ url, logs, config }: TrustInput): TrustedRoot {
  return {
    // A compromised log is not there: clients do not hold an entry of version 2 against an end.
    tlogs: logs.filter(isTrusted).flatMap((log) => {
      return DIALECTS[log.dialect]?.trusted(hostedAt(url, log.origin), log, lifeOf(log)) ?? []
    }),
    certificateAuthorities: config.certificateAuthorities.map(trustedAuthority),
    ctLogs: config.ctLogs.map(trustedCtLog),
    timestampAuthorities: config.timestampAuthorities.map(trustedAuthority),
  }
}

function lifeOf({ createdAt, retiredAt }: TrustLog): TimeRange {
  return { start: timeText(createdAt), ...(retiredAt !== null && { end: timeText(retiredAt) }) }
}

/**
 * A frozen log is listed with its end: signing clients pass over it, monitors go on reading it. A compromised one too:
 * with no log at all in their list, some clients sign and log nothing. A tree whose turn has not come is reached by nobody.
 */
function logServices({ url, logs }: TrustInput, operator: string): Service[] {
  return logs.flatMap((log) => {
    const majorApiVersion = DIALECTS[log.dialect]?.majorApiVersion
    const candidates = logs.filter(({ dialect }) => dialect === log.dialect)
    if (majorApiVersion === undefined || isWaiting(log, candidates, reachable)) return []
    const isMeant = logOfHost(new URL(url).hostname, candidates, reachable) === log
    const reached = isMeant ? url : hostedAt(url, log.origin)
    return [{ url: reached, majorApiVersion, validFor: lifeOf(log), operator }]
  })
}

function reachable({ origin, retiredAt }: TrustLog): Reachable {
  return { origin, isFrozen: retiredAt !== null }
}

/** The URL with the origin for its host: under another one, clients would look for another origin in the checkpoint. */
export function hostedAt(url: string, origin: string): string {
  const base = new URL(url)
  base.hostname = hostOfOrigin(origin)
  return base.origin
}

function policy({ url, logs, witnessing }: TrustInput): Policy {
  const known = logs.filter(isTrusted).map(({ slug, vkey }) => ({ vkey: parseVkey(vkey), url: `${url}/logs/${slug}` }))
  return { logs: known, ...witnessing }
}

/**
 * As remarks, because one signature of any listed key is enough to a verifier: listed beside the Ed25519 key, the ML-DSA-44
 * key would be asked of nobody, and whoever can forge the one would not have to forge the other.
 */
function postQuantum({ url, logs }: TrustInput): string {
  const lines = logs.filter(isTrusted).flatMap(({ slug, mlDsaVkey }) => {
    return mlDsaVkey === null ? [] : [`# log ${mlDsaVkey} ${url}/logs/${slug}\n`]
  })
  if (lines.length === 0) return ''
  return `#\n# To demand a log's post-quantum line, put this in the place of its line above:\n${lines.join('')}`
}
