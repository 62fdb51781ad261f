/** What an auditor remembers of a log, as one JSON object; its own, and strict all the same: a half of it must not pass for it. */

import { type Fields, invalid, list, literal, object, parsed, type Read, text } from '../formats/fields.ts'
import { parseJson } from '../formats/json.ts'
import { type TreeSize, treeSize, type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { base64, parseBase64, parseUtf8, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

export interface AuditState {
  /** Of the log: what it calls itself. */
  readonly origin: string
  /** The newest checkpoint of which every entry was read, and the edge of its tree. Null: not one yet. */
  readonly verified: SeenTree | null
  /** Where reading stands on the way to a newer one, whose checkpoint this is. Not verified. */
  readonly reading: (SeenTree & { readonly size: TreeSize }) | null
  /** Larger trees that witnesses were shown and the auditor was not, one a witness. */
  readonly ahead: readonly ShownElsewhere[]
  /** What the log does not show, and since when. */
  readonly missing: { readonly what: string; readonly since: UnixMillis } | null
  /** When the log's checkpoint was last another than before. */
  readonly changed: UnixMillis
  /** Evidence that the log signed two histories. It stays. */
  readonly forks: readonly string[]
}

export interface SeenTree {
  readonly note: Uint8Array
  /** As edgeTiles gives them. */
  readonly tiles: readonly Uint8Array[]
}

export interface ShownElsewhere {
  readonly url: string
  readonly note: Uint8Array
  readonly since: UnixMillis
}

const TYPE = 'colophon-audit/v1'
const MAX_LIST = 64

/** @throws TlogError STORE_CORRUPT */
export function parseState(bytes: Uint8Array): AuditState {
  try {
    return state(parseJson(bytes), '')
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    throw new TlogError('STORE_CORRUPT', `not what an auditor remembers: ${error.message}`, { cause: error })
  }
}

export function formatState(state: AuditState): Uint8Array {
  const { origin, verified, reading, ahead, missing, changed, forks } = state
  const seen = ({ note, tiles }: SeenTree) => ({ note: parseUtf8(note), tiles: tiles.map(base64) })
  const json = {
    type: TYPE,
    origin,
    verified: verified === null ? null : seen(verified),
    reading: reading === null ? null : { ...seen(reading), size: reading.size },
    ahead: ahead.map(({ url, note, since }) => ({ url, note: parseUtf8(note), since })),
    missing,
    changed,
    forks,
  }
  return utf8(`${JSON.stringify(json, null, 2)}\n`)
}

function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, path) => (value === null ? null : read(value, path))
}

const number: Read<number> = (value, path) => {
  if (typeof value !== 'number') throw invalid(path, 'a number was expected')
  return value
}
const time: Read<UnixMillis> = (value, path) => unixMillis(number(value, path))
const note: Read<Uint8Array> = (value, path) => utf8(text(value, path))
const tiles = list(parsed(parseBase64), { max: 8 })

function seenTree(fields: Fields): SeenTree {
  return { note: fields.required('note', note), tiles: fields.required('tiles', tiles) }
}

const reading = object((fields) => ({
  ...seenTree(fields),
  size: treeSize(fields.required('size', number)),
}))

const elsewhere = object((fields) => ({
  url: fields.required('url', text),
  note: fields.required('note', note),
  since: fields.required('since', time),
}))

const state: Read<AuditState> = object((fields) => {
  fields.required('type', literal(TYPE))
  return {
    origin: fields.required('origin', text),
    verified: fields.required('verified', nullable(object(seenTree))),
    reading: fields.required('reading', nullable(reading)),
    ahead: fields.required('ahead', list(elsewhere, { max: MAX_LIST })),
    missing: fields.required(
      'missing',
      nullable(object((gone) => ({ what: gone.required('what', text), since: gone.required('since', time) }))),
    ),
    changed: fields.required('changed', time),
    forks: fields.required('forks', list(text, { max: 1000 })),
  }
})
