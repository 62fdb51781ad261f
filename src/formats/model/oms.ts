/**
 * OpenSSF Model Signing v1.0 (ossf/model-signing-spec): a directory of files under one signature, as an in-toto statement
 * whose subject is the root over the files' digests. Whole files hashed with SHA-256 alone; no shards.
 */

import { sha256 } from '#sha256'
import { concat, equal, hex, parseHex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { invalid, list, literal, object, openObject, parsed, type Read, text } from '../fields.ts'
import { type JsonLimits, parseJson } from '../json.ts'
import { OMS_PREDICATE_TYPE } from '../sigstore/statement.ts'

export interface OmsResource {
  /** From the model's root, with `/` between the parts. In a manifest of one resource also `.`: the model is that file. */
  readonly name: string
  /** SHA-256 of the file. */
  readonly digest: Uint8Array
}

export interface OmsManifest {
  /** What the signer calls the model: the directory's name, which says nothing. */
  readonly model: string
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
export function omsRoot(resources: readonly OmsResource[]): Uint8Array {
  return sha256(concat(...resources.map(({ digest }) => digest)))
}

/** By code points, as the specification orders names; JavaScript itself would go by UTF-16 units. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [utf8(a), utf8(b)]
  const at = left.findIndex((byte, i) => byte !== right[i])
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1)
}

/**
 * The one statement of a manifest, its resources in the specification's order.
 * @throws TlogError FIELD_INVALID as parseOmsStatement does
 */
export function formatOmsStatement(manifest: OmsManifest): Uint8Array {
  const resources = manifest.resources.toSorted((a, b) => compareNames(a.name, b.name))
  const statement = utf8(
    JSON.stringify({
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
    }),
  )
  parseOmsStatement(statement) // nothing leaves that nobody could read
  return statement
}

/**
 * Takes any order of resources, since signers differ in it, and the reference implementation's `.` for a single file. The
 * root is computed anew, so what is returned is what was signed; whether the files are these is for the caller.
 *
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with the field's path, also for another method or hash, a
 *   name twice or one that leads out of the model; ENVELOPE_MALFORMED when the root is not that of the resources; a JSON_ code
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
const digest: Read<Uint8Array> = (value, path) => {
  const bytes = parsed(parseHex)(value, path)
  if (bytes.length !== 32) throw invalid(path, `a SHA-256 digest of ${bytes.length} bytes`)
  return bytes
}
const boolean: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw invalid(path, 'true or false was expected')
  return value
}

/** The fields of in-toto's resource descriptor that are not read here are claims of the signer. */
const resource: Read<OmsResource> = openObject((fields) => {
  fields.required('algorithm', literal('sha256'))
  return { name: fields.required('name', resourceName), digest: fields.required('digest', digest) }
})

const resources: Read<OmsResource[]> = (value, path) => {
  const found = list(resource, { min: 1, max: MAX_RESOURCES })(value, path)
  requireDistinct(
    found.map(({ name }) => name),
    path,
  )
  if (found.length > 1 && found.some(({ name }) => name === '.')) throw invalid(path, '"." is not the only resource')
  return found
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

const serialization = object((fields) => {
  fields.required('method', literal('files'))
  fields.required('hash_type', literal('sha256'))
  return {
    allowSymlinks: fields.required('allow_symlinks', boolean),
    ignorePaths: fields.optional('ignore_paths', ignored) ?? [],
  }
})

const predicate = object((fields) => ({
  ...fields.required('serialization', serialization),
  resources: fields.required('resources', resources),
}))

/** One digest: of a second one nobody would know what it is of. */
const subject = openObject((fields) => ({
  model: fields.required('name', text),
  root: fields.required(
    'digest',
    object((digests) => digests.required('sha256', digest)),
  ),
}))

const statement: Read<OmsManifest & { root: Uint8Array }> = object((fields) => {
  fields.required('_type', literal('https://in-toto.io/Statement/v1'))
  fields.required('predicateType', literal(OMS_PREDICATE_TYPE))
  const [only] = fields.required('subject', list(subject, { min: 1, max: 1 }))
  if (only === undefined) throw fields.missing('subject')
  return { ...only, ...fields.required('predicate', predicate) }
})
