/** The files that hand out trust, made of what is to be trusted: by a server from its logs, by `trust create` from what it is told. */

import { formatPolicy, type Policy } from '../formats/c2sp/policy.ts'
import { formatClientTrustConfig } from '../formats/sigstore/client-trust-config.ts'
import { formatSigningConfig, type Service, type SigningConfig } from '../formats/sigstore/signing-config.ts'
import { formatTrustedRoot, type TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import { utf8 } from '../kernel/bytes.ts'

/** What signing clients ask beside the logs. */
export interface Services {
  readonly ca: readonly Service[]
  readonly tsa: readonly Service[]
  readonly oidc: readonly Service[]
}

export interface TrustContent {
  readonly root: TrustedRoot
  /** Logs to write to, of every API version. */
  readonly logs: readonly Service[]
  readonly services: Services
  readonly policy: Policy
}

/** By name. `signing_config.json` names the logs of every API version, `signing_config.vN.json` those of one. */
export function trustFiles({ root, logs, services, policy }: TrustContent): Map<string, Uint8Array> {
  const all = listing(logsToOffer(logs, services), services)
  const versions = [...new Set(logs.map((log) => log.majorApiVersion))]
  const text: [string, string][] = [
    ['trusted_root.json', formatTrustedRoot(root)],
    ['signing_config.json', formatSigningConfig(all)],
    ...versions.map((version): [string, string] => {
      const ofVersion = logs.filter((log) => log.majorApiVersion === version)
      return [`signing_config.v${version}.json`, formatSigningConfig(listing(ofVersion, services))]
    }),
    ['client_trust_config.json', formatClientTrustConfig(root, all)],
  ]
  return new Map([...text.map(([name, content]) => [name, utf8(content)] as const), ['policy', formatPolicy(policy)]])
}

function listing(rekorTlogUrls: readonly Service[], { ca, tsa, oidc }: Services): SigningConfig {
  return {
    caUrls: ca,
    oidcUrls: oidc,
    rekorTlogUrls,
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: tsa,
    tsaConfig: { selector: 'ANY' },
  }
}

/**
 * Clients take the highest API version they find. From version 2 on an entry has no trusted time of its own, and signing
 * with a short-lived certificate fails without a timestamp authority: the default then offers version 1 alone, where there
 * is one. Where there is none, all stay, so that signing fails aloud rather than unlogged.
 */
export function logsToOffer(logs: readonly Service[], { ca, tsa }: Pick<Services, 'ca' | 'tsa'>): readonly Service[] {
  if (ca.length === 0 || tsa.length > 0) return logs
  const first = logs.filter((log) => log.majorApiVersion === 1)
  return first.some((log) => log.validFor.end === undefined) ? first : logs
}
