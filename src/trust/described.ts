/** Trust files for logs that are described: keys and addresses come from whoever runs them, not from this server's data. */

import type { AuthorityConfig, TrustConfig } from '../config/trust.ts'
import type { LogConfig } from '../config/trust-logs.ts'
import { formatPolicy, type Policy, type PolicyLog } from '../formats/c2sp/policy.ts'
import { createVkey, KEY_TYPE, type Vkey } from '../formats/c2sp/vkey.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import type { Service } from '../formats/sigstore/signing-config.ts'
import { type TrustedLog, trustedLogByKey, trustedV2Log } from '../formats/sigstore/trusted-root.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { rangeOf, readChain, services, trustedAuthority, trustedCtLog } from './authorities.ts'
import { chainFault, overlaps } from './chain.ts'
import { hostedAt, NO_WITNESSES } from './compose.ts'
import type { TrustContent } from './files.ts'

/** With the key that it was told, or that was fetched. */
export type KnownLog = Omit<LogConfig, 'key'> & { readonly spki: Uint8Array }

export interface TrustDescription {
  readonly logs: readonly KnownLog[]
  readonly trust: TrustConfig
  /** Null: no witness is asked for. */
  readonly policy: Policy | null
}

/** Everything that is wrong with it, each with its place; empty: `contentOf` takes it. */
export function faultsOf({ logs, trust, policy }: TrustDescription): string[] {
  const authorities = [...trust.certificateAuthorities, ...trust.timestampAuthorities]
  return [
    ...logs.flatMap((log) => thrown(log.url, () => void trustedLog(log))),
    ...logs.flatMap((log, at) => twice(log, logs.slice(0, at))),
    ...authorities.flatMap(authorityFaults),
    ...trust.ctLogs.flatMap((log) => thrown('', () => void trustedCtLog(log))),
    ...thrown('the policy', () => void formatPolicy(policyOf(logs, policy))),
  ]
}

/** @throws TlogError for what `faultsOf` finds. */
export function contentOf({ logs, trust, policy }: TrustDescription): TrustContent {
  const [first] = logs
  const operator = trust.operator ?? new URL(first?.url ?? 'http://localhost').hostname
  return {
    root: {
      tlogs: logs.map(trustedLog),
      certificateAuthorities: trust.certificateAuthorities.map(trustedAuthority),
      ctLogs: trust.ctLogs.map(trustedCtLog),
      timestampAuthorities: trust.timestampAuthorities.map(trustedAuthority),
    },
    logs: logs.map((log) => serviceOf(log, operator)),
    services: services(trust, operator),
    policy: policyOf(logs, policy),
  }
}

/** @throws TlogError KEY_MALFORMED, KEY_NOT_ALLOWED */
function trustedLog(log: KnownLog): TrustedLog {
  const range = rangeOf(log.validFrom, log.validUntil)
  if (log.version === 2) return trustedV2Log(hostedAt(log.url, log.origin), vkeyOf(log), range)
  requireV1Key(parseSpki(log.spki))
  return trustedLogByKey(log.url, log.spki, range)
}

/** Clients check a v1 log's promises as ECDSA P-256 with SHA-256, and nothing else everywhere. */
function requireV1Key(key: PublicKey): void {
  if (key.kind !== 'ec' || key.curve !== 'P-256')
    throw new TlogError('KEY_NOT_ALLOWED', 'a version 1 log has an ECDSA P-256 key: clients check no other')
}

function vkeyOf({ origin, spki }: KnownLog): Vkey {
  const key = parseSpki(spki)
  if (key.kind !== 'ed25519')
    throw new TlogError('KEY_NOT_ALLOWED', 'a version 2 log has an Ed25519 key: another cannot be cosigned')
  return createVkey(origin, KEY_TYPE.ed25519, key.bytes)
}

function serviceOf({ url, version, validFrom, validUntil, frozenAt }: KnownLog, operator: string): Service {
  return { url, majorApiVersion: version, validFor: rangeOf(validFrom, frozenAt ?? validUntil), operator }
}

/** The logs of version 2, then those that the given policy lists beside them: a policy has no name for a version 1 key. */
function policyOf(logs: readonly KnownLog[], given: Policy | null): Policy {
  const own = logs.filter((log) => log.version === 2).map((log): PolicyLog => ({ vkey: vkeyOf(log), url: log.url }))
  const isOwn = ({ vkey }: PolicyLog) => own.some((log) => isSame(log.vkey, vkey))
  const { witnesses, groups, quorum } = given ?? NO_WITNESSES
  return { logs: [...own, ...(given?.logs ?? []).filter((log) => !isOwn(log))], witnesses, groups, quorum }
}

function isSame(a: Vkey, b: Vkey): boolean {
  return a.name === b.name && a.type === b.type && equal(a.publicKey, b.publicKey)
}

/** Clients find a log by its key. */
function twice(log: KnownLog, before: readonly KnownLog[]): string[] {
  const same = before.find(
    (other) => equal(other.spki, log.spki) && (other.version === 1 || other.origin === log.origin),
  )
  return same === undefined ? [] : [`${log.url}: has the key of ${same.url}`]
}

function authorityFaults(authority: AuthorityConfig): string[] {
  const { url, validFrom, validUntil } = authority
  return thrown('', () => {
    const chain = readChain(authority)
    const fault = chainFault(chain)
    if (fault !== null) throw new TlogError('CERTIFICATE_MALFORMED', `${url}: ${fault}`)
    if (!overlaps(chain, validFrom, validUntil))
      throw new TlogError('CERTIFICATE_MALFORMED', `${url}: there is no time at which all of its chain is valid`)
  })
}

function thrown(place: string, check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return [place === '' ? error.message : `${place}: ${error.message}`]
  }
}
