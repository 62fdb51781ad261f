/** Where `prove` finds an entry's path: a data directory, or a server's API. Nothing here is verified yet. */

import { parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { Fields, invalid, list, parsed, type Read, text } from '../formats/fields.ts'
import { isJsonObject, parseJson } from '../formats/json.ts'
import { type Hash, hash, type LeafHash, type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { hex, parseHex, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { proveInclusion } from '../kernel/proof.ts'
import { readFromTiles } from '../kernel/tile.ts'
import type { Clock, LogReader } from '../log/ports.ts'
import { readDatabase } from '../storage/data-directory.ts'
import { readUrl } from '../storage/http-copy.ts'
import type { DataPlace } from '../storage/log-keys.ts'

export type Wanted = { readonly index: LeafIndex } | { readonly leaf: Hash }

export interface Found {
  readonly index: LeafIndex
  readonly leaf: Hash
  readonly path: readonly Hash[]
  readonly note: Uint8Array
  /** What the source itself may say of the log's key; a server may say nothing. */
  readonly ownKeys: readonly Vkey[]
}

/** A checkpoint of 1 MiB, with its escapes, and the longest path. */
const ANSWER_MAX_BYTES = 2 * 1024 * 1024
const MAX_HASHES = 53

/** Beside a running server too. @throws TlogError LOG_UNKNOWN, NOT_FOUND; STORE_MISSING, STORE_SCHEMA, STORE_CORRUPT */
export async function findInData(
  wanted: Wanted,
  { place, slug }: { readonly place: DataPlace; readonly slug: string },
): Promise<Found> {
  const database = await readDatabase(place)
  try {
    const record = (await database.logs()).find((log) => log.slug === slug)
    if (record === undefined) throw new TlogError('LOG_UNKNOWN', `no log ${slug} in ${place.dir}`)
    const found = await findInStore(wanted, database.store(record.number))
    return { ...found, ownKeys: [parseVkey(record.vkey)] }
  } finally {
    await database.close()
  }
}

async function findInStore(wanted: Wanted, store: LogReader): Promise<Omit<Found, 'ownKeys'>> {
  const published = await store.published()
  const index = 'index' in wanted ? wanted.index : (await store.find([wanted.leaf as LeafHash]))[0]?.index
  if (published === null || index === undefined || index >= published.size)
    throw new TlogError('NOT_FOUND', `the published tree of ${published?.size ?? 0} entries has no such entry`)
  const entry = await store.entry(index)
  if (entry === null) throw new TlogError('STORE_CORRUPT', `leaf ${index} is missing`)
  const path = await proveInclusion(index, published.size, readFromTiles(store.tile, published.size))
  return { index, leaf: leafHash(entry), path, note: published.note }
}

export interface UrlSource {
  /** As `parseCopyUrl` gives it. */
  readonly url: URL
  readonly slug: string
  readonly clock: Pick<Clock, 'after'>
}

/** @throws TlogError COPY_REFUSED, NOT_FOUND; JSON_… and FIELD_… on an answer of another form. */
export async function findAtUrl(wanted: Wanted, { url, slug, clock }: UrlSource): Promise<Found> {
  const which = 'index' in wanted ? `index=${wanted.index}` : `leaf=${hex(wanted.leaf)}`
  const read = readUrl(url, clock)
  const bytes = await read(`logs/${slug}/proof/inclusion?${which}`, ANSWER_MAX_BYTES)
  if (bytes === null) throw new TlogError('NOT_FOUND', `${url} has no such entry in a log ${slug}, or not yet`)
  return { ...answer(parseJson(bytes), 'the answer'), ownKeys: [] }
}

const hashText = parsed((digits) => hash(parseHex(digits)))
const index: Read<LeafIndex> = (value, path) => {
  if (typeof value !== 'number') throw invalid(path, 'a number was expected')
  return leafIndex(value)
}

/** Fields that a later server adds are not looked at; size and root are the checkpoint's to say. */
const answer: Read<Omit<Found, 'ownKeys'>> = (value, path) => {
  if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
  const fields = new Fields(value, path)
  return {
    index: fields.required('index', index),
    leaf: fields.required('leafHash', hashText),
    path: fields.required('path', list(hashText, { max: MAX_HASHES })),
    note: utf8(fields.required('checkpoint', text)),
  }
}
