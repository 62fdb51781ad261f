/** Other services that clients of this server trust, from the configuration into the terms of the trust files. */

import { X509Certificate } from 'node:crypto'
import type { AuthorityConfig, CtLogConfig, TrustConfig } from '../config/trust.ts'
import { located } from '../formats/located.ts'
import { parsePem } from '../formats/pki/pem.ts'
import type { Service } from '../formats/sigstore/signing-config.ts'
import {
  type TimeRange,
  type TrustedAuthority,
  type TrustedLog,
  trustedLogByKey,
} from '../formats/sigstore/trusted-root.ts'
import { type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { Services } from './files.ts'

/** Where nothing says since when a key is good. */
const ALWAYS: TimeRange = { start: timeText(unixMillis(0)) }

/** RFC 3339 with milliseconds: in one form, so that times compare as text. */
export function timeText(time: UnixMillis): string {
  return new Date(time).toISOString()
}

/** @throws TlogError CERTIFICATE_MALFORMED, naming the URL. */
export function trustedAuthority(config: AuthorityConfig): TrustedAuthority {
  const chain = readChain(config)
  const subject = chain.at(-1)?.toLegacyObject().subject
  return {
    subject: {
      organization: config.organization ?? first(subject?.O),
      commonName: first(subject?.CN),
    },
    uri: config.url,
    chain: chain.map((certificate) => new Uint8Array(certificate.raw)),
    validFor: validFor(config, chain),
  }
}

/** @throws TlogError KEY_MALFORMED, naming the URL. */
export function trustedCtLog({ url, publicKeyPem, validFrom, validUntil }: CtLogConfig): TrustedLog {
  return located('KEY_MALFORMED', url, () => {
    const [spki, ...more] = parsePem(publicKeyPem, 'PUBLIC KEY')
    if (spki === undefined || more.length > 0) throw new TlogError('KEY_MALFORMED', 'more than one public key')
    return trustedLogByKey(url, spki, rangeOf(validFrom ?? unixMillis(0), validUntil))
  })
}

/** Each speaks the first version of its API. */
export function services(config: TrustConfig, operator: string): Services {
  const service = (url: string, range: TimeRange): Service => ({ url, majorApiVersion: 1, validFor: range, operator })
  const ofAuthority = (authority: AuthorityConfig) => service(authority.url, validFor(authority, readChain(authority)))
  return {
    ca: config.certificateAuthorities.map(ofAuthority),
    tsa: config.timestampAuthorities.map(ofAuthority),
    oidc: config.oidcIssuers.map((url) => service(url, ALWAYS)),
  }
}

export function readChain({ url, chainPem }: AuthorityConfig): X509Certificate[] {
  const chain = located('CERTIFICATE_MALFORMED', url, () => parsePem(chainPem, 'CERTIFICATE'))
  return chain.map((der, i) => {
    try {
      return new X509Certificate(der)
    } catch (cause) {
      throw new TlogError('CERTIFICATE_MALFORMED', `${url}: certificate ${i} of its chain cannot be read`, { cause })
    }
  })
}

/** Unless the configuration says otherwise, from when all of the chain is valid. */
function validFor({ validFrom, validUntil }: AuthorityConfig, chain: readonly X509Certificate[]): TimeRange {
  const start = validFrom ?? unixMillis(Math.max(0, ...chain.map((each) => each.validFromDate.getTime())))
  return rangeOf(start, validUntil)
}

export function rangeOf(start: UnixMillis, end: UnixMillis | null): TimeRange {
  return { start: timeText(start), ...(end !== null && { end: timeText(end) }) }
}

/** A name may have the same part several times. */
function first(part: string | string[] | undefined): string {
  return (Array.isArray(part) ? part[0] : part) ?? ''
}
