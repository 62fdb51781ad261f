/** in-toto statements, as far as a verifier needs them: of which artifacts they speak (in-toto/attestation spec/v1). */

import { parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { isJsonArray, isJsonObject, type JsonLimits, type JsonObject, type JsonValue, parseJson } from '../json.ts'

export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** Of OpenSSF Model Signing: the subject's digest is the root over a directory, see ../model/oms.ts. */
export const OMS_PREDICATE_TYPE = 'https://model_signing/signature/v1.0'

export interface Subject {
  readonly name: string
  /** By in-toto's names of algorithms: sha256, sha512, … A value that is no hex, or longer than any digest, is left out. */
  readonly digests: ReadonlyMap<string, Uint8Array>
}

export interface Statement {
  readonly type: string
  readonly predicateType: string
  readonly subjects: readonly Subject[]
}

/**
 * The manifest of a model has four values for each file, of which there may be 100,000; a bill of materials lists every
 * file of an image. No number is read: claims have nanoseconds in them, and hashes of 64 bits.
 */
const LIMITS: JsonLimits = { maxValues: 1_000_000, inexact: true }
/** Of what is to be logged: while a server reads it, nobody else is served. More than 3 MiB of any bill of materials have. */
const LOGGED: JsonLimits = { ...LIMITS, maxValues: 250_000 }
/** Of SHA-512. */
const MAX_DIGITS = 128

const TYPES = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']

/**
 * Fields that are not read may be anything: they are the signer's claims.
 * @throws TlogError ENVELOPE_MALFORMED when this is not a statement with at least one subject, or a JSON_ code.
 */
export function parseStatement(payload: Uint8Array): Statement {
  const json = parseJson(payload, LIMITS)
  if (!isJsonObject(json)) throw malformed('not an object')
  const { _type: type, predicateType, subject } = json
  if (typeof type !== 'string' || !TYPES.includes(type)) throw malformed('_type is not that of a statement')
  if (typeof predicateType !== 'string' || predicateType === '') throw malformed('predicateType is missing')
  if (subject === undefined || !isJsonArray(subject) || subject.length === 0) throw malformed('no subject')
  return { type, predicateType, subjects: subject.map(readSubject) }
}

/** Whether a payload says of itself that it is a statement, which is not to say that it is a good one. */
export function isStatement(payload: Uint8Array): boolean {
  return claimedStatement(payload) !== null
}

/** A payload that says of itself that it is a statement; null for any other. */
export function claimedStatement(payload: Uint8Array): JsonObject | null {
  try {
    const json = parseLogged(payload)
    return isJsonObject(json) && typeof json._type === 'string' && TYPES.includes(json._type) ? json : null
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

function readSubject(subject: JsonValue, at: number): Subject {
  const digest = isJsonObject(subject) ? subject.digest : undefined
  if (!isJsonObject(subject) || digest === undefined || !isJsonObject(digest))
    throw malformed(`subject ${at}: no digest`)
  const name = typeof subject.name === 'string' ? subject.name : ''
  return { name, digests: new Map(Object.entries(digest).flatMap(([algorithm, value]) => hexEntry(algorithm, value))) }
}

function hexEntry(algorithm: string, value: JsonValue): [string, Uint8Array][] {
  return typeof value === 'string' && isDigits(value) ? [[algorithm, parseHex(value)]] : []
}

function isDigits(text: string): boolean {
  return text.length <= MAX_DIGITS && /^([0-9a-f]{2})+$/.test(text)
}

function malformed(why: string): TlogError {
  return new TlogError('ENVELOPE_MALFORMED', `not an in-toto statement: ${why}`)
}

/** A digest of something that a statement speaks of, by in-toto's name of the algorithm. */
export interface NamedDigest {
  readonly algorithm: string
  readonly digest: Uint8Array
}

/** The payload of what is to be logged, whatever it is. @throws TlogError a JSON_ code */
export function parseLogged(payload: Uint8Array): JsonValue {
  return parseJson(payload, LOGGED)
}

/**
 * Digests of the subjects, and of what they were made from: SLSA's `materials` and `resolvedDependencies`. Whatever else
 * the payload may be: what has no such shape has no such digests.
 * @throws TlogError ENVELOPE_MALFORMED when there are more than `max`, before bytes are made of any
 */
export function namedDigests(statement: JsonValue, max: number): NamedDigest[] {
  const predicate = field(statement, 'predicate')
  const artifacts = [
    field(statement, 'subject'),
    field(predicate, 'materials'),
    field(field(predicate, 'buildDefinition'), 'resolvedDependencies'),
  ]
  const found = new Set<string>()
  for (const list of artifacts)
    if (isJsonArray(list)) for (const artifact of list) for (const text of digestsOf(artifact)) found.add(text)
  if (found.size > max)
    throw new TlogError('ENVELOPE_MALFORMED', `names ${found.size} digests; at most ${max} are indexed for an entry`)
  return [...found].map((text) => {
    const [algorithm = '', digits = ''] = text.split(':')
    return { algorithm, digest: parseHex(digits) }
  })
}

function field(value: JsonValue, name: string): JsonValue {
  return isJsonObject(value) ? (value[name] ?? null) : null
}

/** `algorithm:hex`. */
function digestsOf(artifact: JsonValue): string[] {
  const digests = field(artifact, 'digest')
  if (!isJsonObject(digests)) return []
  return Object.entries(digests).flatMap(([algorithm, value]) => {
    const text = typeof value === 'string' ? value.toLowerCase() : ''
    return /^[\w./-]{1,64}$/.test(algorithm) && isDigits(text) ? [`${algorithm}:${text}`] : []
  })
}
