/**
 * Certificates and timestamps through sigstore-js, by the people who run Fulcio and the timestamp authority. Its verifier
 * does everything at once; it is asked one question at a time here: chain, SCTs, timestamp. Log entries, signature and
 * identity are settled on floor 2 and not shown to it.
 */

import { createPublicKey, createSecretKey } from 'node:crypto'
import { RFC3161Timestamp, X509Certificate } from '@sigstore/core'
import { type SignedEntity, type TrustMaterial, Verifier } from '@sigstore/verify'
import { parseCertificate } from '../formats/pki/certificate.ts'
import { checkTimestampForm } from '../formats/pki/timestamp.ts'
import type { TimeRange, TrustedAuthority, TrustedLog, TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import { parseTime } from '../formats/time.ts'
import { type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'
import type { CertificateChecks } from '../verify/ports.ts'

export const certificateChecks: CertificateChecks = {
  async openTimestamp(response, signature, authorities) {
    return refusing('TIMESTAMP_INVALID', () => {
      const timestamp = parseTimestamp(response)
      const named = authorities.filter((one) => isNamed(one, timestamp))
      if (named.length === 0) return null
      const authority = named.find((one) => isBy(one, timestamp, signature))
      if (authority === undefined)
        throw new Error('it is not by the authority that it names, over this signature, in its time')
      return { time: unixMillis(timestamp.signingTime.getTime()), authority }
    })
  },

  async verifyCertificate(leaf, times, root) {
    return refusing('CERTIFICATE_UNTRUSTED', () => {
      parseCertificate(leaf) // the library would read other bytes as the same certificate
      const certificate = X509Certificate.parse(Buffer.from(leaf))
      if (times.length === 0) throw new Error('no time to check it at')
      for (const time of times) verifyAt(certificate, time, root)
      return (certificate.extSCT?.signedCertificateTimestamps ?? []).map(({ logID }) => new Uint8Array(logID))
    })
  },
}

/** The library looks at some parts alone: the form of all is settled before. */
function parseTimestamp(response: Uint8Array): RFC3161Timestamp {
  checkTimestampForm(response)
  return RFC3161Timestamp.parse(Buffer.from(response))
}

const NOTHING: TrustMaterial = {
  certificateAuthorities: [],
  timestampAuthorities: [],
  tlogs: [],
  ctlogs: [],
  publicKey: () => ({ publicKey: createSecretKey(new Uint8Array(1)), validFor: () => true }),
}

/** What has been verified before, so that the library has nothing to say about it. */
const SETTLED: SignedEntity = {
  signature: settled(new Uint8Array()),
  key: { $case: 'public-key', hint: '' },
  timestamps: [],
  tlogEntries: [],
}

function settled(signature: Uint8Array): SignedEntity['signature'] {
  const yes = () => true
  const content = {
    signature: Buffer.from(signature),
    compareSignature: yes,
    compareDigest: yes,
    compareSignedDigest: yes,
    verifySignature: yes,
  }
  return content
}

/** By issuer and serial number; the authority's own certificate is the first of its chain. */
function isNamed({ chain }: TrustedAuthority, timestamp: RFC3161Timestamp): boolean {
  const own = X509Certificate.parse(Buffer.from(chain[0] ?? []))
  return own.issuer.equals(timestamp.signerIssuer) && own.serialNumber.equals(timestamp.signerSerialNumber)
}

function isBy(authority: TrustedAuthority, timestamp: RFC3161Timestamp, signature: Uint8Array): boolean {
  try {
    const trusted = { ...NOTHING, timestampAuthorities: [toAuthority(authority)] }
    new Verifier(trusted, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1 }).verify({
      ...SETTLED,
      signature: settled(signature),
      timestamps: [{ $case: 'timestamp-authority', timestamp }],
    })
    return true
  } catch {
    return false
  }
}

function verifyAt(certificate: X509Certificate, time: UnixMillis, root: TrustedRoot): void {
  const trusted = {
    ...NOTHING,
    certificateAuthorities: root.certificateAuthorities.map(toAuthority),
    ctlogs: root.ctLogs.map(toLog),
  }
  new Verifier(trusted, { tlogThreshold: 0, ctlogThreshold: 1, timestampThreshold: 1 }).verify({
    ...SETTLED,
    key: { $case: 'certificate', certificate },
    timestamps: [{ $case: 'transparency-log', tlogEntry: promisedAt(time) }],
  })
}

/** A time that is settled goes in as a log's promise, which the library believes when it is shown no log. */
function promisedAt(time: UnixMillis) {
  return {
    logIndex: '0',
    logId: { keyId: Buffer.alloc(0) },
    kindVersion: { kind: '', version: '' },
    integratedTime: String(time / 1000),
    inclusionPromise: { signedEntryTimestamp: Buffer.alloc(0) },
    inclusionProof: undefined,
    canonicalizedBody: Buffer.alloc(0),
  }
}

function toAuthority({ chain, validFor }: TrustedAuthority): TrustMaterial['certificateAuthorities'][number] {
  return { certChain: chain.map((der) => X509Certificate.parse(Buffer.from(der))), validFor: toRange(validFor) }
}

/** PKCS#1 is how some of the oldest certificate logs' keys are written. */
function toLog({ baseUrl, logId, publicKeySpki, keyDetails, validFor }: TrustedLog): TrustMaterial['ctlogs'][number] {
  const type = keyDetails.startsWith('PKCS1_') ? 'pkcs1' : 'spki'
  const publicKey = createPublicKey({ key: Buffer.from(publicKeySpki), format: 'der', type })
  return { baseURL: baseUrl, logID: Buffer.from(logId), publicKey, validFor: toRange(validFor) }
}

/** The last moment that a Date can hold. */
const NO_END = new Date(8_640_000_000_000_000)

function toRange({ start, end }: TimeRange): { start: Date; end: Date } {
  return { start: new Date(parseTime(start)), end: end === undefined ? NO_END : new Date(parseTime(end)) }
}

/** The library has errors of its own and trips over bytes that it did not expect: each is a no. */
function refusing<T>(code: ErrorCode, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    const why = cause instanceof Error ? innermost(cause).message : 'unknown'
    throw new TlogError(code, why, { cause })
  }
}

/** The library wraps what it found in a sentence that says less. */
function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}
