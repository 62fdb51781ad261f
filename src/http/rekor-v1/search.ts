/** POST /api/v1/index/retrieve: the IDs of all entries by a key, an identity or a digest. Exact, complete, in the log's order. */

import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { criteriaOf, type EntryQuery, formatEntryQuery, MAX_SUBJECT } from '../../formats/entry-query.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { formatEntryId } from '../../formats/sigstore/tree-id.ts'
import type { LeafIndex } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import { SEARCH_INDEX } from '../api/describe/rekor-v1.ts'
import { leafHashes } from '../leaf-hashes.ts'
import { countMatches, findPage, LongReads, type Page } from '../matches.ts'
import { onlyMethods } from '../methods.ts'
import { formError } from './errors.ts'
import { fingerprintOf } from './public-key.ts'
import type { Shard } from './shards.ts'
import type { Trees } from './trees.ts'

/** What a tree has. */
interface Found {
  readonly shard: Shard
  readonly indexes: readonly LeafIndex[]
}

const URL = '/api/v1/index/retrieve'
/** IDs in one answer, which has no pages. */
const MAX_FOUND = 10_000
/** So many are no memory to speak of, and a stream would cost more than they do. */
const WHOLE = 256
const HASH = /^(sha512:)?[0-9a-f]{128}$|^(sha256:)?[0-9a-f]{64}$|^(sha1:)?[0-9a-f]{40}$/
const BY_LENGTH: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 128: 'sha512' }

/** @param maxFound IDs in one answer */
export function search(trees: Trees, maxFound = MAX_FOUND) {
  const bounds = { longReads: new LongReads(), maxFound }
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, URL, 'POST')
    app.post(URL, { config: { onlyReads: true, openapi: SEARCH_INDEX } }, async (request, reply) => {
      const query = readQuery(parseJson(request.body as Uint8Array))
      const shards = trees.shards(request)
      const found = await findAll(shards, query, bounds)
      if (found === null) throw await tooMany(shards, query, bounds)
      const count = found.reduce((sum, { indexes }) => sum + indexes.length, 0)
      if (count <= WHOLE) return await all(idsOf(found))
      return reply.type('application/json').send(Readable.from(asJson(idsOf(found))))
    })
  }
}

interface Bounds {
  readonly longReads: LongReads
  /** IDs in one answer. */
  readonly maxFound: number
}

/** Null above the bound. The places alone are held: a number each. */
async function findAll(shards: readonly Shard[], query: EntryQuery, bounds: Bounds): Promise<Found[] | null> {
  const found: Found[] = []
  let room = bounds.maxFound
  for (const shard of shards) {
    const indexes = await findIn(shard, query, { ...bounds, maxFound: room })
    if (indexes === null) return null
    room -= indexes.length
    found.push({ shard, indexes })
  }
  return found
}

async function findIn({ log }: Shard, query: EntryQuery, bounds: Bounds): Promise<LeafIndex[] | null> {
  const { longReads, maxFound: room } = bounds
  const [criteria, size] = [criteriaOf(query), log.status().published]
  const indexes: LeafIndex[] = []
  for (let after: LeafIndex | null = null; ; ) {
    const span = { after, size, limit: room + 1 - indexes.length }
    const read = () => findPage(log, criteria, span)
    const page: Page = after === null ? await read() : await longReads.inTurn(read)
    indexes.push(...page.found)
    if (indexes.length > room) return null
    if (page.searched === null) return indexes
    after = page.searched
  }
}

async function tooMany(
  shards: readonly Shard[],
  query: EntryQuery,
  { longReads, maxFound }: Bounds,
): Promise<TlogError> {
  const count = await longReads.inTurn(async () => {
    let sum = 0
    for (const { log } of shards) sum += await countMatches(log, criteriaOf(query), log.status().published)
    return sum
  })
  return new TlogError(
    'FIELD_INVALID',
    `${count} entries are found, and an answer here, which has no pages, holds ${maxFound}: GET /entries?${formatEntryQuery(query)} has all of them, in pages`,
  )
}

/** Sent as it is made: what a slow reader has not taken is not read from the store. */
async function* asJson(ids: AsyncIterable<string>): AsyncGenerator<string> {
  let before = '['
  for await (const id of ids) {
    yield `${before}"${id}"`
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

async function all(ids: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const id of ids) list.push(id)
  return list
}

async function* idsOf(found: readonly Found[]): AsyncGenerator<string> {
  for (const { shard, indexes } of found)
    for await (const hash of leafHashes(shard.log, indexes)) yield formatEntryId(shard.tree.treeId, hash)
}

function readQuery(body: JsonValue): EntryQuery {
  if (!isJsonObject(body)) throw formError('type', 'query in body must be of type object')
  const { operator = 'or' } = body
  if (operator !== 'and' && operator !== 'or') throw formError('enum', 'operator in body should be one of [and or]')
  return {
    operator,
    email: textOf(body, 'email'),
    subject: subject(body),
    hash: digest(body),
    fingerprint: publicKey(body),
  }
}

function textOf(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? null
  if (value !== null && typeof value !== 'string') throw formError('type', `${name} in body must be of type string`)
  return value === null || value === '' ? undefined : value
}

function subject(body: JsonObject): string | undefined {
  const value = textOf(body, 'subject')
  if (value !== undefined && value.length > MAX_SUBJECT)
    throw formError('tooLong', `subject in body should be at most ${MAX_SUBJECT} chars long`)
  return value
}

function digest(body: JsonObject): string | undefined {
  const value = textOf(body, 'hash')?.toLowerCase()
  if (value === undefined) return undefined
  if (!HASH.test(value)) throw formError('pattern', 'hash in body should be the hex of a sha1, sha256 or sha512')
  const digits = value.replace(/^sha\d+:/, '')
  return `${BY_LENGTH[digits.length]}:${digits}`
}

function publicKey(body: JsonObject): string | undefined {
  const value = body.publicKey ?? null
  return value === null ? undefined : fingerprintOf(value)
}
