/** trusted_root.json, read (sigstore/protobuf-specs sigstore_trustroot.proto, TrustedRoot); trusted-root.ts writes it. */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { invalid, list, literal, type Read, text } from '../fields.ts'
import { parseJson } from '../json.ts'
import { parseTime } from '../time.ts'
import { keyDetails } from './key-details.ts'
import { bytes, filled, message } from './protojson.ts'
import type { TimeRange, TrustedAuthority, TrustedLog, TrustedRoot } from './trusted-root.ts'

const MAX_BYTES = 4 * 1024 * 1024
/** Of each kind; the public instance has four logs and two authorities. */
const MAX_ITEMS = 256
const MAX_CHAIN = 10

/**
 * The keys themselves are parsed when they are used: a root may name some of a kind that is not taken here.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, or a JSON_ code. A range without
 *   a start is refused, not taken as unbounded.
 */
export function parseTrustedRoot(file: Uint8Array): TrustedRoot {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a trusted root of ${file.length} bytes`)
  return trustedRoot(parseJson(file), '')
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
  fields.required(
    'mediaType',
    literal(
      'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      'application/vnd.dev.sigstore.trustedroot.v0.2+json',
    ),
  )
  return {
    tlogs: fields.optional('tlogs', list(log, items)) ?? [],
    certificateAuthorities: fields.optional('certificateAuthorities', list(authority, items)) ?? [],
    ctLogs: fields.optional('ctlogs', list(log, items)) ?? [],
    timestampAuthorities: fields.optional('timestampAuthorities', list(authority, items)) ?? [],
  }
})
