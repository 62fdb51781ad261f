/** Parameters in their one spelling: what the document says of each, and the parser that decides. */

import type { FastifyRequest } from 'fastify'
import { quoted } from '../../formats/fields.ts'
import { hash, type LeafHash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { parseDecimal, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { DigestAlgorithm } from '../../log/ports.ts'
import { ANY_DIGEST, ARTIFACT, HASH, INDEX, type Schema, SIZE } from './schemas.ts'

export interface Parameter<T> {
  readonly description: string
  readonly schema: Schema
  /** @throws TlogError */
  readonly parse: (text: string) => T
}

export type Declared = Readonly<Record<string, Parameter<unknown>>>

/** What a request said of the declared parameters; absent ones are undefined. */
export type Query<D extends Declared> = { readonly [K in keyof D]?: D[K] extends Parameter<infer T> ? T : never }

export const MAX_PAGE = 100

const parseSize = (text: string): TreeSize => treeSize(parseDecimal(text))

export function sizeParameter(description: string): Parameter<TreeSize> {
  return { description, schema: SIZE, parse: parseSize }
}

export const indexParameter: Parameter<LeafIndex> = {
  description: 'The position of an entry, from 0.',
  schema: INDEX,
  parse: (text) => leafIndex(parseDecimal(text)),
}

export const leafParameter: Parameter<LeafHash> = {
  description: 'The hash of a leaf: SHA-256 of a zero byte and the entry, in lowercase hex.',
  schema: HASH,
  // Claimed, not made: whether it is the hash of a leaf is what the request asks.
  parse: (text) => hash(parseHex(text)) as LeafHash,
}

export function limitParameter(max: number): Parameter<number> {
  return wholeParameter('At most so many', max, max)
}

/** A number from 1. */
export function wholeParameter(what: string, max: number, instead: number): Parameter<number> {
  return {
    description: `${what}, 1 to ${max}.`,
    schema: { type: 'integer', minimum: 1, maximum: max, default: instead },
    parse(text) {
      const number = parseDecimal(text)
      if (number < 1 || number > max) throw new TlogError('FIELD_INVALID', `1 to ${max}, not ${number}`)
      return number
    },
  }
}

export interface ArtifactDigest {
  readonly algorithm: string
  readonly digits: string
}

export const artifactParameter: Parameter<ArtifactDigest> = {
  description:
    'The digest of a file, or of whatever else was signed or named: `sha256:` and lowercase hex; sha384, sha512, or ' +
    "in-toto's name of another algorithm.",
  schema: ANY_DIGEST,
  parse(text) {
    if (!ANY_DIGEST_FORM.test(text))
      throw new TlogError(
        'FIELD_INVALID',
        'not the name of an algorithm, a colon, and as much lowercase hex as it makes',
      )
    const colon = text.indexOf(':')
    return { algorithm: text.slice(0, colon), digits: text.slice(colon + 1) }
  },
}

const ANY_DIGEST_FORM = new RegExp(ANY_DIGEST.pattern)

export interface NamedDigest {
  readonly algorithm: DigestAlgorithm
  readonly digest: Uint8Array
}

/** Under which content is kept. */
export const attachmentParameter: Parameter<NamedDigest> = {
  description: 'The digest that the leaf has: `sha256:` and lowercase hex; sha384, sha512.',
  schema: ARTIFACT,
  parse(text) {
    const isDigest = new RegExp(ARTIFACT.pattern).test(text)
    if (!isDigest) throw new TlogError('FIELD_INVALID', 'not sha256, sha384 or sha512, a colon, and lowercase hex')
    return { algorithm: text.slice(0, 6) as DigestAlgorithm, digest: parseHex(text.slice(7)) }
  },
}

/** A place in the order of the logs and then of their entries. */
export interface Cursor {
  readonly log: string
  readonly index: LeafIndex
}

export const cursorParameter: Parameter<Cursor> = {
  description: 'Only what comes after this place, `{log}:{index}`: in its log, and in the logs after it.',
  schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,31}:(0|[1-9][0-9]{0,15})$' },
  parse(text) {
    const [, log, index] = /^([a-z0-9][a-z0-9-]{0,31}):([0-9]{1,16})$/.exec(text) ?? []
    if (log === undefined || index === undefined) throw new TlogError('FIELD_INVALID', 'not {log}:{index}')
    return { log, index: leafIndex(parseDecimal(index)) }
  },
}

/** What a regular expression allows, as it is. */
export function wordParameter<T extends string>(
  description: string,
  schema: Schema & { readonly pattern: string },
): Parameter<T> {
  const form = new RegExp(schema.pattern)
  return {
    description,
    schema,
    parse(text) {
      if (!form.test(text)) throw new TlogError('FIELD_INVALID', `not of the form ${schema.pattern}`)
      return text as T
    },
  }
}

/** Anything, percent-encoded (RFC 3986 §2.1): a plus sign is one. It is compared, never a name of ours. */
export function textParameter(description: string, maxLength: number): Parameter<string> {
  return {
    description,
    schema: { type: 'string', minLength: 1, maxLength },
    parse(sent) {
      const text = decoded(sent)
      if (text.length < 1 || text.length > maxLength)
        throw new TlogError('FIELD_INVALID', `1 to ${maxLength} characters, not ${text.length}`)
      return text
    },
  }
}

function decoded(sent: string): string {
  try {
    return decodeURIComponent(sent)
  } catch {
    throw new TlogError('FIELD_INVALID', 'a percent sign that encodes nothing')
  }
}

/** Those that stand in paths; the parsers of `log` and `path` are their own routes'. */
export const PATH_PARAMETERS: Declared = {
  log: { description: 'The name of a log, as GET /logs lists it.', schema: { type: 'string' }, parse: String },
  index: indexParameter,
  path: {
    description:
      'The rest of a tile path of c2sp.org/tlog-tiles, its slashes not escaped: level or `entries`, index, partial width.',
    schema: { type: 'string' },
    parse: String,
  },
}

/**
 * The parameters of a request as they were sent: percent signs would admit a second spelling, and Fastify makes a list of
 * a repeated one.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_INVALID when one is repeated, and what its parser throws.
 */
export function readQuery<D extends Declared>(request: FastifyRequest, declared: D): Query<D> {
  const sent = request.raw.url ?? ''
  const start = sent.indexOf('?')
  const found: Record<string, unknown> = {}
  for (const pair of start === -1 ? [] : sent.slice(start + 1).split('&')) {
    const [name = ''] = pair.split('=', 1)
    const parameter = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (parameter === undefined) throw new TlogError('FIELD_UNKNOWN', `${quoted(name)}: no such parameter`)
    if (Object.hasOwn(found, name)) throw new TlogError('FIELD_INVALID', `${name}: given twice`)
    found[name] = parseNamed(name, parameter, pair.slice(name.length + 1))
  }
  return found as Query<D>
}

/** @throws TlogError DECIMAL_MALFORMED, SIZE_OUT_OF_RANGE, INDEX_OUT_OF_RANGE */
export function readIndex(request: FastifyRequest): LeafIndex {
  return readPath(request, 'index', indexParameter)
}

/** A parameter of the path. @throws TlogError as its parser does */
export function readPath<T>(request: FastifyRequest, name: string, parameter: Parameter<T>): T {
  return parseNamed(name, parameter, (request.params as Record<string, string>)[name] ?? '')
}

/** @throws TlogError FIELD_MISSING */
export function given<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new TlogError('FIELD_MISSING', `${name}: missing`)
  return value
}

/** The parser's own code, with the parameter's name before its message. */
function parseNamed<T>(name: string, { parse }: Parameter<T>, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof TlogError) throw new TlogError(error.code, `${name}: ${error.message}`, { cause: error })
    throw error
  }
}
