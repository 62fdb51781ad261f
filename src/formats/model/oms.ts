/**
 * OpenSSF Model Signing v1.0 (ossf/model-signing-spec): a directory of files under one signature, as an in-toto statement
 * whose subject is the root over the digests of the files, or of their shards.
 */

import { sha256 } from '#sha256'
import { concat, equal, hex, parseHex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { invalid, list, literal, object, openObject, parsed, type Read, text } from '../fields.ts'
import { type JsonLimits, parseJson } from '../json.ts'
import { canonicalJson } from '../sigstore/canonical-json.ts'
import { OMS_PREDICATE_TYPE } from '../sigstore/statement.ts'

export interface OmsResource {
  /** From the model's root, with `/` between the parts. In a manifest of one resource also `.`: the model is that file. */
  readonly name: string
  /** Of the file or shard, by the manifest's hash. */
  readonly digest: Uint8Array
  /** Null: the whole file. */
  readonly shard: Shard | null
}

/** From `start` up to and without `end`, in bytes. */
export interface Shard {
  readonly start: number
  readonly end: number
}

export type OmsHash = keyof typeof DIGEST_BYTES

const DIGEST_BYTES = { sha256: 32, blake2b: 64, blake3: 32 } as const

export interface OmsManifest {
  /** What the signer calls the model: the directory's name, which says nothing. */
  readonly model: string
  /** Of each resource; of the root it is SHA-256 in any case. */
  readonly hash: OmsHash
  /** Of every shard of a file but the last, in bytes; null where files are whole. */
  readonly shardSize: number | null
  /** At least one, in the order in which they are hashed: the signer's. */
  readonly resources: readonly OmsResource[]
  /** What the signer left out: files, and directories with all that is below. Signed as well. */
  readonly ignorePaths: readonly string[]
  /** Whether a link's target was taken for a file. */
  readonly allowSymlinks: boolean
}

const MAX_RESOURCES = 100_000
const MAX_IGNORED = 10_000
const MAX_NAME_BYTES = 1024
/** A resource has four values. */
const LIMITS: JsonLimits = { maxValues: 5 * MAX_RESOURCES + MAX_IGNORED }

/** SHA-256 over the digests, one after the other in the manifest's order. */
export function omsRoot(resources: readonly Pick<OmsResource, 'digest'>[]): Uint8Array {
  return sha256(concat(...resources.map(({ digest }) => digest)))
}

const SURROGATE = /[\ud800-\udfff]/

/** By code points, as the specification orders names; JavaScript itself would go by UTF-16 units. */
export function compareNames(a: string, b: string): number {
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : a > b ? 1 : 0 // the same order, without bytes
  const [left, right] = [utf8(a), utf8(b)]
  const at = left.findIndex((byte, i) => byte !== right[i])
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1)
}

/** What is signed here: files by SHA-256. */
export interface WholeFiles extends Pick<OmsManifest, 'model' | 'ignorePaths' | 'allowSymlinks'> {
  readonly resources: readonly Omit<OmsResource, 'shard'>[]
}

/** Of a manifest each file, with its resources from its beginning to its end. */
export function filesOf({ resources }: Pick<OmsManifest, 'resources'>): ReadonlyMap<string, readonly OmsResource[]> {
  const files = new Map<string, OmsResource[]>()
  for (const resource of resources) {
    const parts = files.get(resource.name)
    if (parts === undefined) files.set(resource.name, [resource])
    else parts.push(resource)
  }
  for (const parts of files.values()) parts.sort((a, b) => (a.shard?.start ?? 0) - (b.shard?.start ?? 0))
  return files
}

/**
 * The one statement of a manifest, its resources in the specification's order, in RFC 8785.
 * @throws TlogError FIELD_INVALID as parseOmsStatement does
 */
export function formatOmsStatement(manifest: WholeFiles): Uint8Array {
  const resources = manifest.resources.toSorted((a, b) => compareNames(a.name, b.name))
  const statement = canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: manifest.model, digest: { sha256: hex(omsRoot(resources)) } }],
    predicateType: OMS_PREDICATE_TYPE,
    predicate: {
      serialization: {
        method: 'files',
        hash_type: 'sha256',
        allow_symlinks: manifest.allowSymlinks,
        ignore_paths: manifest.ignorePaths.toSorted(compareNames),
      },
      resources: resources.map(({ name, digest }) => ({ name, digest: hex(digest), algorithm: 'sha256' })),
    },
  })
  parseOmsStatement(statement) // nothing leaves that nobody could read
  return statement
}

/**
 * Takes any order of resources, since signers differ in it, and the reference implementation's `.` for a single file. The
 * root is computed anew, so what is returned is what was signed; whether the files are these is for the caller.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, also for another method or hash, a
 *   name twice or one that leads out of the model, shards that leave bytes out; ENVELOPE_MALFORMED when the root is not that of the resources; a JSON_ code
 */
export function parseOmsStatement(payload: Uint8Array): OmsManifest {
  const { root, ...manifest } = statement(parseJson(payload, LIMITS), '')
  if (!equal(root, omsRoot(manifest.resources)))
    throw new TlogError('ENVELOPE_MALFORMED', 'the root in the statement is not that of its resources')
  return manifest
}

/** A part of a path that can be read in one way, on any system. */
const PART = /^[^/\\\p{Cc}\p{Surrogate}]+$/u

/** @throws TlogError FIELD_INVALID unless a relative path that stays inside, in its shortest spelling */
export function requireModelPath(name: string): string {
  const isPlain = name.split('/').every((part) => PART.test(part) && part !== '.' && part !== '..')
  if (!isPlain || utf8(name).length > MAX_NAME_BYTES)
    throw new TlogError('FIELD_INVALID', `not a path inside a model: ${JSON.stringify(name.slice(0, 128))}`)
  return name
}

const modelPath = parsed(requireModelPath)
const resourceName: Read<string> = (value, path) => (value === '.' ? value : modelPath(value, path))
function digestOf(bytes: number): Read<Uint8Array> {
  return (value, path) => {
    const digest = parsed(parseHex)(value, path)
    if (digest.length !== bytes) throw invalid(path, `a digest of ${digest.length} bytes, not ${bytes}`)
    return digest
  }
}

const boolean: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw invalid(path, 'true or false was expected')
  return value
}

type Serialization = Pick<OmsManifest, 'hash' | 'shardSize' | 'allowSymlinks' | 'ignorePaths'>

/** The fields of in-toto's resource descriptor that are not read here are claims of the signer. */
function resource({ hash, shardSize }: Serialization): Read<OmsResource> {
  // The reference implementation says of a shard which size all have.
  const names = shardSize === null ? [hash] : [hash, `${hash}-sharded-${shardSize}`]
  return openObject((fields) => {
    fields.required('algorithm', literal(...names))
    const place = fields.required('name', shardSize === null ? wholeFile : shardOf)
    return { ...place, digest: fields.required('digest', digestOf(DIGEST_BYTES[hash])) }
  })
}

const wholeFile: Read<Pick<OmsResource, 'name' | 'shard'>> = (value, path) => ({
  name: resourceName(value, path),
  shard: null,
})

/** `path:start:end`; the path may hold colons too. */
const SHARD = /^(.+):(0|[1-9]\d{0,15}):([1-9]\d{0,15})$/s

const shardOf: Read<Pick<OmsResource, 'name' | 'shard'>> = (value, path) => {
  const [, name, start, end] = SHARD.exec(text(value, path)) ?? []
  const shard = { start: Number(start), end: Number(end) }
  if (name === undefined || !Number.isSafeInteger(shard.end) || shard.start >= shard.end)
    throw invalid(path, 'not the name of a shard, path:start:end')
  return { name: resourceName(name, path), shard }
}

function resources(serialization: Serialization): Read<OmsResource[]> {
  return (value, path) => {
    const found = list(resource(serialization), { min: 1, max: MAX_RESOURCES })(value, path)
    const files = filesOf({ resources: found })
    if (files.size > 1 && files.has('.')) throw invalid(path, '"." is not the only resource')
    for (const [name, parts] of files) requireWhole(name, parts, serialization.shardSize, path)
    return found
  }
}

/** One resource, or shards that follow one another from the first byte, all but the last of one size. */
function requireWhole(name: string, parts: readonly OmsResource[], shardSize: number | null, path: string): void {
  const shown = JSON.stringify(name.slice(0, 128))
  if (shardSize === null && parts.length > 1) throw invalid(path, `${shown} twice`)
  for (const [i, { shard }] of parts.entries()) {
    if (shard === null || shardSize === null) continue
    const isLast = i === parts.length - 1
    const length = shard.end - shard.start
    if (shard.start !== i * shardSize || (isLast ? length > shardSize : length !== shardSize))
      throw invalid(path, `the shards of ${shown} do not follow one another in steps of ${shardSize}`)
  }
}

const ignored: Read<string[]> = (value, path) => {
  const found = list(modelPath, { max: MAX_IGNORED })(value, path)
  requireDistinct(found, path)
  return found
}

function requireDistinct(names: readonly string[], path: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw invalid(path, `${JSON.stringify(name.slice(0, 128))} twice`)
    seen.add(name)
  }
}

/** Written as a float by those who go through protobuf. */
const size: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw invalid(path, 'a number of bytes was expected')
  return value
}

const serialization: Read<Serialization> = object((fields) => {
  const method = fields.required('method', literal('files', 'shards'))
  return {
    hash: fields.required('hash_type', literal(...(Object.keys(DIGEST_BYTES) as OmsHash[]))),
    shardSize: method === 'shards' ? fields.required('shard_size', size) : null,
    allowSymlinks: fields.required('allow_symlinks', boolean),
    ignorePaths: fields.optional('ignore_paths', ignored) ?? [],
  }
})

const predicate = object((fields) => {
  const how = fields.required('serialization', serialization)
  return { ...how, resources: fields.required('resources', resources(how)) }
})

/** One digest: of a second one nobody would know what it is of. */
const subject = openObject((fields) => ({
  model: fields.required('name', text),
  root: fields.required(
    'digest',
    object((digests) => digests.required('sha256', digestOf(DIGEST_BYTES.sha256))),
  ),
}))

const statement: Read<OmsManifest & { root: Uint8Array }> = object((fields) => {
  fields.required('_type', literal('https://in-toto.io/Statement/v1'))
  fields.required('predicateType', literal(OMS_PREDICATE_TYPE))
  const [only] = fields.required('subject', list(subject, { min: 1, max: 1 }))
  if (only === undefined) throw fields.missing('subject')
  return { ...only, ...fields.required('predicate', predicate) }
})
