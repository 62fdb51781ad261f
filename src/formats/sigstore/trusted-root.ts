/** trusted_root.json: the keys a Sigstore client trusts (sigstore/protobuf-specs sigstore_trustroot.proto, TrustedRoot). */

import { sha256 } from '#sha256'
import { base64, equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { logId, type Vkey } from '../c2sp/vkey.ts'
import { invalid, list, literal, type Read, text } from '../fields.ts'
import { type JsonObject, parseJson } from '../json.ts'
import { formatSpki, type PublicKey, parseSpki } from '../pki/spki.ts'
import { parseTime } from '../time.ts'
import { type KeyDetails, keyDetails } from './key-details.ts'
import { bytes, filled, message } from './protojson.ts'

/** RFC 3339 in UTC; both ends are inside. */
export interface TimeRange {
  readonly start: string
  /** Absent: still valid. */
  readonly end?: string
}

export interface TrustedLog {
  readonly baseUrl: string
  readonly publicKeySpki: Uint8Array
  readonly keyDetails: KeyDetails
  /** 32 bytes. */
  readonly logId: Uint8Array
  /** From not after the log's first entry on; a file without it is refused by sigstore-go. */
  readonly validFor: TimeRange
}

/** A certificate authority or a timestamp authority. */
export interface TrustedAuthority {
  /** Of the chain's last certificate. */
  readonly subject: { readonly organization: string; readonly commonName: string }
  readonly uri: string
  /** DER, the leaf-most certificate first, the trust anchor last. */
  readonly chain: readonly Uint8Array[]
  readonly validFor: TimeRange
}

export interface TrustedRoot {
  readonly tlogs: readonly TrustedLog[]
  readonly certificateAuthorities: readonly TrustedAuthority[]
  readonly ctLogs: readonly TrustedLog[]
  readonly timestampAuthorities: readonly TrustedAuthority[]
}

/** The older spelling of the type, the only one that sigstore-go and sigstore-python take. */
const MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1'
const NEWER_MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot.v0.2+json'

const MAX_BYTES = 4 * 1024 * 1024
/** Of each kind; the public instance has four logs and two authorities. */
const MAX_ITEMS = 256
const MAX_CHAIN = 10

/** A Rekor v2 log by its Ed25519 verifier key, which holds its origin. Clients compare the origin with the URL's host. */
export function trustedV2Log(baseUrl: string, vkey: Vkey, validFor: TimeRange): TrustedLog {
  return {
    baseUrl,
    publicKeySpki: formatSpki({ kind: 'ed25519', bytes: vkey.publicKey }),
    keyDetails: 'PKIX_ED25519',
    logId: logId(vkey.name, vkey.publicKey),
    validFor,
  }
}

/**
 * A log whose ID is the hash of its key: certificate transparency (RFC 6962 §3.2), Rekor v1.
 * @throws TlogError KEY_MALFORMED, KEY_NOT_ALLOWED
 */
export function trustedLogByKey(baseUrl: string, spki: Uint8Array, validFor: TimeRange): TrustedLog {
  return { baseUrl, publicKeySpki: spki, keyDetails: detailsOf(parseSpki(spki)), logId: sha256(spki), validFor }
}

const EC_DETAILS = {
  'P-256': 'PKIX_ECDSA_P256_SHA_256',
  'P-384': 'PKIX_ECDSA_P384_SHA_384',
  'P-521': 'PKIX_ECDSA_P521_SHA_512',
} as const

function detailsOf(key: PublicKey): KeyDetails {
  if (key.kind === 'ec') return EC_DETAILS[key.curve]
  if (key.kind === 'rsa') return `PKIX_RSA_PKCS1V15_${key.bits}_SHA256`
  return 'PKIX_ED25519'
}

export function formatTrustedRoot(root: TrustedRoot): string {
  return `${JSON.stringify(trustedRootJson(root), null, 2)}\n`
}

export function trustedRootJson(root: TrustedRoot): JsonObject {
  return {
    mediaType: MEDIA_TYPE,
    tlogs: root.tlogs.map(logJson),
    certificateAuthorities: root.certificateAuthorities.map(authorityJson),
    ctlogs: root.ctLogs.map(logJson),
    timestampAuthorities: root.timestampAuthorities.map(authorityJson),
  }
}

/** Without checkpointKeyId, which the older media type does not have: sigstore-js would look it up by all 32 bytes. */
function logJson(log: TrustedLog): JsonObject {
  return {
    baseUrl: log.baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: base64(log.publicKeySpki),
      keyDetails: log.keyDetails,
      validFor: timeRangeJson(log.validFor),
    },
    logId: { keyId: base64(log.logId) },
  }
}

function authorityJson({ subject, uri, chain, validFor }: TrustedAuthority): JsonObject {
  return {
    subject: { organization: subject.organization, commonName: subject.commonName },
    uri,
    certChain: { certificates: chain.map((der) => ({ rawBytes: base64(der) })) },
    validFor: timeRangeJson(validFor),
  }
}

export function timeRangeJson({ start, end }: TimeRange): JsonObject {
  return end === undefined ? { start } : { start, end }
}

/**
 * The keys themselves are parsed when they are used: a root may name some of a kind that is not taken here.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, or a JSON_ code. A range without
 *   a start is refused, not taken as unbounded.
 */
export function parseTrustedRoot(file: Uint8Array): TrustedRoot {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a trusted root of ${file.length} bytes`)
  return trustedRoot(parseJson(file, { integersOnly: true }), '')
}

const time: Read<string> = (value, path) => {
  const written = text(value, path)
  try {
    parseTime(written)
  } catch {
    throw invalid(path, 'not a time in UTC (RFC 3339)')
  }
  return written
}

export const timeRange: Read<TimeRange> = message((fields) => {
  const start = fields.required('start', time)
  const end = fields.optional('end', time)
  return end === undefined ? { start } : { start, end }
})

const keyId: Read<Uint8Array> = message((fields) => filled(fields, 'keyId', bytes))

const publicKey = message((fields) => ({
  publicKeySpki: filled(fields, 'rawBytes', bytes),
  keyDetails: fields.required('keyDetails', keyDetails),
  validFor: fields.required('validFor', timeRange),
}))

const log: Read<TrustedLog> = message((fields) => {
  fields.required('hashAlgorithm', literal('SHA2_256'))
  fields.optional('operator', text)
  const logId = fields.required('logId', keyId)
  if (logId.length !== 32) throw new TlogError('FIELD_INVALID', `logId.keyId: ${logId.length} bytes, not 32`)
  const other = fields.optional('checkpointKeyId', keyId)
  if (other !== undefined && !equal(other, logId))
    throw new TlogError('FIELD_INVALID', 'checkpointKeyId: another key than logId')
  return { baseUrl: fields.required('baseUrl', text), logId, ...fields.required('publicKey', publicKey) }
})

const subject = message((fields) => ({
  organization: fields.optional('organization', text) ?? '',
  commonName: fields.optional('commonName', text) ?? '',
}))

const certificate: Read<Uint8Array> = message((fields) => filled(fields, 'rawBytes', bytes))
const chain = message((fields) => fields.required('certificates', list(certificate, { min: 1, max: MAX_CHAIN })))

const authority: Read<TrustedAuthority> = message((fields) => {
  fields.optional('operator', text)
  return {
    subject: fields.optional('subject', subject) ?? { organization: '', commonName: '' },
    uri: fields.optional('uri', text) ?? '',
    chain: fields.required('certChain', chain),
    validFor: fields.required('validFor', timeRange),
  }
})

const items = { max: MAX_ITEMS }

export const trustedRoot: Read<TrustedRoot> = message((fields) => {
  fields.required('mediaType', literal(MEDIA_TYPE, NEWER_MEDIA_TYPE))
  return {
    tlogs: fields.optional('tlogs', list(log, items)) ?? [],
    certificateAuthorities: fields.optional('certificateAuthorities', list(authority, items)) ?? [],
    ctLogs: fields.optional('ctlogs', list(log, items)) ?? [],
    timestampAuthorities: fields.optional('timestampAuthorities', list(authority, items)) ?? [],
  }
})
