/** What a Rekor v1 log answers (sigstore/rekor openapi.yaml, LogEntry), as a bundle carries it: hex there, bytes here. */

import { hash, leafIndex, treeSize } from '../../kernel/brand.ts'
import { parseBase64, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { invalid, list, object, openObject, parsed, type Read, text } from '../fields.ts'
import { isJsonObject, type JsonValue, parseJson } from '../json.ts'
import { located } from '../located.ts'
import type { BundleEntry, BundleProof } from './bundle-entry.ts'

const MAX_PATH = 63
/** The tree's number, which a log of one tree may leave out, and the leaf's hash. */
const ENTRY_ID = /^([0-7][0-9a-f]{15})?[0-9a-f]{64}$/

export function isEntryId(text: string): boolean {
  return ENTRY_ID.test(text)
}

/**
 * The one entry of an answer. Nothing of it has been checked.
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path; ENTRY_MALFORMED when the body does not
 *   say of what kind it is
 */
export function parseLogEntryV1(answer: JsonValue): BundleEntry {
  if (!isJsonObject(answer)) throw invalid('', 'an object was expected')
  const [id, second] = Object.keys(answer)
  if (id === undefined || second !== undefined || !isEntryId(id)) throw invalid('', 'not one entry under its ID')
  return entry(answer[id] ?? null, 'entry')
}

const whole: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(path, 'a whole number was expected')
  return value
}
const index = (value: JsonValue, path: string) => located('FIELD_INVALID', path, () => leafIndex(whole(value, path)))
const hashHex = parsed((digits) => hash(parseHex(digits)))
const bytes = parsed(parseBase64)

const proof: Read<BundleProof> = object((fields) => ({
  index: fields.required('logIndex', index),
  root: fields.required('rootHash', hashHex),
  size: treeSize(fields.required('treeSize', whole)),
  path: fields.required('hashes', list(hashHex, { max: MAX_PATH })),
  checkpoint: fields.required('checkpoint', text),
}))

const verification = object((fields) => ({
  proof: fields.required('inclusionProof', proof),
  promise: fields.required('signedEntryTimestamp', bytes),
}))

const entry: Read<BundleEntry> = object((fields) => {
  fields.optional(
    'attestation',
    openObject(() => null),
  )
  const body = fields.required('body', bytes)
  return {
    index: fields.required('logIndex', index),
    logId: fields.required('logID', hashHex),
    ...kindOf(body),
    integratedTime: fields.required('integratedTime', whole),
    ...fields.required('verification', verification),
    body,
  }
})

function kindOf(body: Uint8Array): Pick<BundleEntry, 'kind' | 'version'> {
  const { kind, apiVersion } = located('ENTRY_MALFORMED', 'the body', () => {
    const json = parseJson(body)
    return isJsonObject(json) ? json : {}
  })
  if (typeof kind !== 'string' || typeof apiVersion !== 'string')
    throw new TlogError('ENTRY_MALFORMED', 'the body does not say of what kind it is')
  return { kind, version: apiVersion }
}
