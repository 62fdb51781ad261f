/** POST /api/v1/log/entries/retrieve: up to ten entries by ID, index or proposal. What is not there is left out. */

import type { FastifyInstance } from 'fastify'
import type { Admission } from '../../dialects/rekor-v1/admit.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { type EntryId, parseEntryId } from '../../formats/sigstore/tree-id.ts'
import { leafHash } from '../../kernel/hash.ts'
import { RETRIEVE_ENTRIES } from '../api/describe/rekor-v1.ts'
import { onlyMethods } from '../methods.ts'
import { admitted, type Reading } from './entries.ts'
import { formError } from './errors.ts'
import type { Shard } from './shards.ts'
import { entryAt, entryById, type Hold, holdFor, type LogEntries, type Trees } from './trees.ts'

const MAX_QUERIES = 10
/** Ten proposals. */
const LIMITS = { maxValues: 10_000 }

/** With the slash at the end too: sigstore-python sends it. */
const URL = '/api/v1/log/entries/retrieve'

export function retrieve(trees: Trees, options: Admission & Reading) {
  return async (app: FastifyInstance): Promise<void> => {
    for (const url of [URL, `${URL}/`]) {
      const openapi = url === URL ? RETRIEVE_ENTRIES : 'none'
      onlyMethods(app, url, 'POST')
      app.post(url, { config: { onlyReads: true, openapi } }, async (request, reply) => {
        const query = readQuery(parseJson(request.body as Uint8Array, LIMITS))
        const ids = [...query.entryUUIDs.map(readId), ...(await proposedIds(query.entries, options))]
        const indexes = query.logIndexes.map(readIndex)
        return await look(trees.shards(request), { ids, indexes }, holdFor(reply, options.unread))
      })
    }
  }
}

interface Wanted {
  readonly ids: readonly EntryId[]
  readonly indexes: readonly number[]
}

async function look(shards: readonly Shard[], { ids, indexes }: Wanted, hold: Hold): Promise<LogEntries[]> {
  const found: LogEntries[] = []
  const add = (entry: LogEntries | null) => void (entry !== null && found.push(entry))
  for (const id of ids) add(await entryById(shards, id, hold))
  for (const index of indexes) add(await entryAt(shards, index, hold))
  return found
}

type Name = 'entryUUIDs' | 'logIndexes' | 'entries'
type Query = Readonly<Record<Name, readonly JsonValue[]>>

function readQuery(body: JsonValue): Query {
  if (!isJsonObject(body)) throw formError('type', 'entry in body must be of type object')
  const query: Query = {
    entryUUIDs: listOf(body, 'entryUUIDs'),
    logIndexes: listOf(body, 'logIndexes'),
    entries: listOf(body, 'entries'),
  }
  const count = query.entryUUIDs.length + query.logIndexes.length + query.entries.length
  if (count > MAX_QUERIES) throw formError('tooMany', `more than max allowed ${MAX_QUERIES} entries in request`)
  return query
}

function listOf(body: JsonObject, name: Name): readonly JsonValue[] {
  const list = body[name] ?? null
  if (list === null) return []
  if (!isJsonArray(list)) throw formError('type', `${name} in body must be of type array`)
  if (list.length === 0) throw formError('tooFew', `${name} in body should have at least 1 items`)
  if (list.length > MAX_QUERIES) throw formError('tooMany', `${name} in body should have at most ${MAX_QUERIES} items`)
  return list
}

function readId(text: JsonValue, at: number): EntryId {
  if (typeof text !== 'string' || !/^([0-9a-fA-F]{16})?[0-9a-fA-F]{64}$/.test(text))
    throw formError('pattern', `entryUUIDs.${at} in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'`)
  return parseEntryId(text)
}

function readIndex(value: JsonValue, at: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw formError('type', `logIndexes.${at} in body must be of type integer`)
  if (value < 0) throw formError('tooSmall', `logIndexes.${at} in body should be greater than or equal to 0`)
  return value
}

/** By the hash of the leaf that each would become, in whichever tree; all of it is checked as if it were to be logged. */
async function proposedIds(proposals: readonly JsonValue[], admission: Admission): Promise<EntryId[]> {
  const ids: EntryId[] = []
  for (const proposal of proposals)
    ids.push({ treeId: null, leafHash: leafHash((await admitted(proposal, admission)).leaf) })
  return ids
}
