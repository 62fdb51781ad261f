/** POST /api/v1/log/entries, GET /api/v1/log/entries?logIndex=N and /api/v1/log/entries/{ID}. */

import type { FastifyInstance } from 'fastify'
import { type Admission, admit } from '../../dialects/rekor-v1/admit.ts'
import { isJsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { isKindV1, parseProposalV1 } from '../../formats/sigstore/proposal-v1.ts'
import { formatEntryId, parseEntryId } from '../../formats/sigstore/tree-id.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import type { Entry } from '../../log/ports.ts'
import { ADD_ENTRY_V1, GET_ENTRY_BY_ID, GET_ENTRY_BY_INDEX } from '../api/describe/rekor-v1.ts'
import { onlyMethods } from '../methods.ts'
import type { Duplicates } from '../rekor-v2.ts'
import type { Unread } from '../unread.ts'
import { formError, processing } from './errors.ts'
import { wholeNumber } from './parameters.ts'
import { entryAt, entryById, holdFor, type LogEntries, receiptAsEntry, type Trees } from './trees.ts'

export interface EntriesOptions extends Admission {
  readonly duplicates: Duplicates
}

export interface Reading {
  readonly unread: Unread
}

export const ENTRIES = '/api/v1/log/entries'
/** A request has fewer than a hundred values. */
export const REQUEST_LIMITS = { maxValues: 1000 }

export function entries(trees: Trees, options: EntriesOptions & Reading) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, ENTRIES, 'GET', 'POST')
    app.post(
      ENTRIES,
      { config: { writesTo: (request) => trees.log(request), openapi: ADD_ENTRY_V1 } },
      async (request, reply) => {
        const entry = await admitted(parseJson(request.body as Uint8Array, REQUEST_LIMITS), options)
        const shard = trees.active(request)
        const receipt = await shard.log.add(entry)
        const id = formatEntryId(shard.tree.treeId, leafHash(entry.leaf))
        reply.header('location', `${ENTRIES}/${id}`)
        if (receipt.repeated && options.duplicates === 'conflict')
          throw new TlogError(
            'ENTRY_EXISTS',
            `an equivalent entry already exists in the transparency log with UUID ${id}`,
          )
        // Clients look the entry up in the answer by this very text: neither quoted nor weak.
        reply.header('etag', id)
        return reply.code(201).send(await receiptAsEntry(shard, entry.leaf, receipt))
      },
    )
    app.get(ENTRIES, { config: { openapi: GET_ENTRY_BY_INDEX } }, async (request, reply) => {
      const index = wholeNumber('logIndex', (request.query as { logIndex?: unknown }).logIndex, { min: 0 })
      return found(await entryAt(trees.shards(request), index, holdFor(reply, options.unread)))
    })
    onlyMethods(app, `${ENTRIES}/:id`, 'GET')
    app.get(`${ENTRIES}/:id`, { config: { openapi: GET_ENTRY_BY_ID } }, async (request, reply) => {
      const { id } = request.params as { id: string }
      if (!/^([0-9a-fA-F]{16})?[0-9a-fA-F]{64}$/.test(id))
        throw formError('pattern', "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'")
      return found(await entryById(trees.shards(request), parseEntryId(id), holdFor(reply, options.unread)))
    })
  }
}

/** A proposed entry, checked. @throws TlogError with the words of Rekor v1 in front. */
export async function admitted(proposal: JsonValue, admission: Admission): Promise<Entry> {
  requireKind(proposal)
  return await processing(async () => await admit(parseProposalV1(proposal), admission))
}

/** A kind that Rekor has not is no form of entry; one that it has may still be refused. */
function requireKind(proposal: JsonValue): void {
  if (!isJsonObject(proposal)) return
  const { kind } = proposal
  if (typeof kind !== 'string' || kind === '') throw formError('required', 'kind in body is required')
  if (!isKindV1(kind)) throw formError('kind', `invalid kind value: ${JSON.stringify(kind.slice(0, 64))}`)
}

function found(entry: LogEntries | null): LogEntries {
  if (entry === null) throw new TlogError('NOT_FOUND', 'the log has no such entry')
  return entry
}
