/**
 * Evidence against a log, as an auditor writes it and anybody verifies it (docs/auditing.md): one JSON object whose every
 * field is known, that holds all that is needed but trust in the log's keys.
 */

import { type Hash, hash, type LeafIndex, leafIndex, type UnixMillis } from '../kernel/brand.ts'
import { base64, hex, parseBase64, parseHex, parseUtf8, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type HashTile, parseTilePath, type Tile, tilePath } from '../kernel/tile.ts'
import { parseVkey, type Vkey } from './c2sp/vkey.ts'
import { type Fields, invalid, list, literal, object, parsed, type Read, text } from './fields.ts'
import { type JsonValue, parseJson } from './json.ts'
import { formatLogKey, type LogKey, parseLogKey } from './log-key.ts'
import { parseTime } from './time.ts'

export interface Evidence {
  readonly origin: string
  /** Under which the notes were signed, as whoever wrote the file knew them. Which count is for the verifier to say. */
  readonly keys: readonly LogKey[]
  /** When it was seen, and in words what was: the word of whoever wrote the file. */
  readonly observed: UnixMillis
  readonly said: string
  readonly found: Found
}

/** Notes are whole checkpoints, as the log signed them. */
export type Found =
  /** Two trees of which neither holds the other: of one size, or `root` stands where the first one's does in the second. */
  | { readonly kind: 'fork'; readonly first: Note; readonly second: Note; readonly root: Hash; readonly proof: Path }
  /** `first` was shown, and then the smaller `second`. */
  | { readonly kind: 'rollback'; readonly first: Note; readonly second: Note }
  /** `first` was shown to a witness, and to the auditor long after that still the smaller `second`. */
  | { readonly kind: 'stale'; readonly first: Note; readonly second: Note }
  /** `signer` dated the larger of the two trees before the smaller one, as the newest that it knew. */
  | { readonly kind: 'time'; readonly first: Note; readonly second: Note; readonly signer: Vkey }
  /** A file of the log that does not have the leaves which the tree has there, of which `root` is the root. */
  | {
      readonly kind: 'content'
      readonly checkpoint: Note
      readonly place: Place
      readonly bytes: Uint8Array
      readonly root: Hash
      readonly proof: Path
    }
  /** The unfinished tiles of a tree, lowest first, which do not make its root. */
  | { readonly kind: 'tiles'; readonly checkpoint: Note; readonly tiles: readonly ShownTile[] }
  /** What the log gave for a proof that `second` holds `first`. */
  | { readonly kind: 'consistency'; readonly first: Note; readonly second: Note; readonly proof: Path }
  /** What the log gave for a proof that an entry is in its tree. */
  | {
      readonly kind: 'inclusion'
      readonly checkpoint: Note
      readonly index: LeafIndex
      readonly entry: Uint8Array
      readonly proof: Path
    }

/** A tile or a bundle, or one entry by itself. */
export type Place = Tile | { readonly level: 'entry'; readonly index: LeafIndex }

export interface ShownTile {
  readonly tile: HashTile
  readonly bytes: Uint8Array
}

type Note = Uint8Array
type Path = readonly Hash[]

const TYPE = 'colophon-evidence/v1'
/** What such a file begins with, and no other: whoever is given a file knows by it. */
export const EVIDENCE_START = `{\n  "type": "${TYPE}",\n`
/** Of a bundle of the longest entries in base64, and the rest. */
export const EVIDENCE_MAX_BYTES = 24 * 2 ** 20
const MAX_KEYS = 16
const MAX_HASHES = 63
const MAX_TILES = 8
const MAX_SAID = 2000

/** @throws TlogError EVIDENCE_MALFORMED */
export function parseEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > EVIDENCE_MAX_BYTES) throw malformed(`${bytes.length} bytes, at most ${EVIDENCE_MAX_BYTES}`)
  try {
    const evidence = document(parseJson(bytes, { maxDepth: 4, maxValues: 500 }), '')
    // One spelling: what is printed back is what came, to the byte.
    if (parseUtf8(bytes) !== printed(evidence)) throw malformed('it is spelled in another way than the one there is')
    return evidence
  } catch (error) {
    if (!(error instanceof TlogError) || error.code === 'EVIDENCE_MALFORMED') throw error
    throw new TlogError('EVIDENCE_MALFORMED', `not evidence: ${error.message}`, { cause: error })
  }
}

/** @throws TlogError EVIDENCE_MALFORMED when `parseEvidence` would refuse it */
export function formatEvidence(evidence: Evidence): Uint8Array {
  const bytes = utf8(printed(evidence))
  parseEvidence(bytes)
  return bytes
}

function printed({ origin, keys, observed, said, found }: Evidence): string {
  const { kind, ...rest } = found
  const values = new Map<string, Value>(Object.entries(rest))
  const fields = FIELDS.flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [[name, spelled(name, value)]]
  })
  const json = {
    type: TYPE,
    kind,
    origin,
    keys: keys.map(formatLogKey),
    observed: new Date(observed).toISOString(),
    said,
    ...Object.fromEntries(fields),
  }
  return `${JSON.stringify(json, null, 2)}\n`
}

/** In the order in which they are printed. */
const FIELDS = ['first', 'second', 'checkpoint', 'place', 'index', 'bytes', 'entry', 'tiles', 'root', 'proof', 'signer']

type Value = Uint8Array | number | Path | Place | Vkey | readonly ShownTile[]

function spelled(name: string, value: Value): unknown {
  if (typeof value === 'number') return value
  if (name === 'root') return hex(value as Hash)
  if (name === 'proof') return (value as Path).map(hex)
  if (name === 'place') return formatPlace(value as Place)
  if (name === 'signer') return formatLogKey({ kind: 'note', vkey: value as Vkey })
  if (name === 'tiles')
    return (value as readonly ShownTile[]).map(({ tile, bytes }) => ({ place: tilePath(tile), bytes: base64(bytes) }))
  const bytes = value as Uint8Array
  return name === 'bytes' || name === 'entry' ? base64(bytes) : parseUtf8(bytes)
}

export function formatPlace(place: Place): string {
  return place.level === 'entry' ? `entry/${place.index}` : tilePath(place)
}

const note: Read<Uint8Array> = (value, path) => utf8(text(value, path))
const bytesOf = parsed(parseBase64)
const root = parsed((digits) => hash(parseHex(digits)))
const proof = list(root, { max: MAX_HASHES })
const key = parsed(parseLogKey)
const signer = parsed(parseVkey)
const observed = parsed(parseTime)

const place: Read<Place> = parsed((path) => {
  const [, index] = /^entry\/(0|[1-9][0-9]{0,15})$/.exec(path) ?? []
  return index === undefined ? parseTilePath(path) : { level: 'entry', index: leafIndex(Number(index)) }
})

const hashTile: Read<HashTile> = (value, path) => {
  const tile = parsed(parseTilePath)(value, path)
  if (tile.level === 'entries') throw invalid(path, 'a tile of hashes was expected')
  return { ...tile, level: tile.level }
}

const index: Read<LeafIndex> = (value, path) => {
  if (typeof value !== 'number') throw invalid(path, 'a number was expected')
  return leafIndex(value)
}

const words: Read<string> = (value, path) => {
  const string = text(value, path)
  if (string.length > MAX_SAID) throw invalid(path, `${string.length} characters, at most ${MAX_SAID}`)
  return string
}

const shownTile = object((fields) => ({
  tile: fields.required('place', hashTile),
  bytes: fields.required('bytes', bytesOf),
}))

const KINDS = {
  fork: (fields: Fields): Found => ({ kind: 'fork', ...twoNotes(fields), ...rooted(fields) }),
  rollback: (fields: Fields): Found => ({ kind: 'rollback', ...twoNotes(fields) }),
  stale: (fields: Fields): Found => ({ kind: 'stale', ...twoNotes(fields) }),
  time: (fields: Fields): Found => ({ kind: 'time', ...twoNotes(fields), signer: fields.required('signer', signer) }),
  content: (fields: Fields): Found => ({
    kind: 'content',
    checkpoint: fields.required('checkpoint', note),
    place: fields.required('place', place),
    bytes: fields.required('bytes', bytesOf),
    ...rooted(fields),
  }),
  tiles: (fields: Fields): Found => ({
    kind: 'tiles',
    checkpoint: fields.required('checkpoint', note),
    tiles: fields.required('tiles', list(shownTile, { min: 1, max: MAX_TILES })),
  }),
  consistency: (fields: Fields): Found => ({
    kind: 'consistency',
    ...twoNotes(fields),
    proof: fields.required('proof', proof),
  }),
  inclusion: (fields: Fields): Found => ({
    kind: 'inclusion',
    checkpoint: fields.required('checkpoint', note),
    index: fields.required('index', index),
    entry: fields.required('entry', bytesOf),
    proof: fields.required('proof', proof),
  }),
} as const satisfies Record<Found['kind'], (fields: Fields) => Found>

function twoNotes(fields: Fields) {
  return { first: fields.required('first', note), second: fields.required('second', note) }
}

function rooted(fields: Fields) {
  return { root: fields.required('root', root), proof: fields.required('proof', proof) }
}

const document: (value: JsonValue, path: string) => Evidence = object((fields) => {
  fields.required('type', literal(TYPE))
  const kind = fields.required('kind', literal(...(Object.keys(KINDS) as Found['kind'][])))
  return {
    origin: fields.required('origin', text),
    keys: fields.required('keys', list(key, { max: MAX_KEYS })),
    observed: fields.required('observed', observed),
    said: fields.required('said', words),
    found: KINDS[kind](fields),
  }
})

function malformed(why: string): TlogError {
  return new TlogError('EVIDENCE_MALFORMED', `not evidence: ${why}`)
}
