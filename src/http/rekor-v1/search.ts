/** POST /api/v1/index/retrieve: the IDs of all entries by a key, an identity or a digest. Exact, complete, in the log's order. */

import type { FastifyInstance } from 'fastify'
import { keysOfName } from '../../dialects/rekor-v1/names.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { digestKey, subjectKey } from '../../formats/lookup-key.ts'
import { formatEntryId } from '../../formats/sigstore/tree-id.ts'
import { parseHex } from '../../kernel/bytes.ts'
import { SEARCH_INDEX } from '../api/describe/rekor-v1.ts'
import { onlyMethods } from '../methods.ts'
import { formError } from './errors.ts'
import { findAll } from './lookup.ts'
import { lookupKeyOf } from './public-key.ts'
import type { Trees } from './trees.ts'

/** Each criterion is a set of lookup keys: an entry fits it that is under one of them. */
interface Query {
  readonly criteria: readonly (readonly Uint8Array[])[]
  readonly operator: 'and' | 'or'
}

const URL = '/api/v1/index/retrieve'
const MAX_SUBJECT = 512
const HASH = /^(sha512:)?[0-9a-f]{128}$|^(sha256:)?[0-9a-f]{64}$|^(sha1:)?[0-9a-f]{40}$/
const BY_LENGTH: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 128: 'sha512' }

export function search(trees: Trees) {
  return async (app: FastifyInstance): Promise<void> => {
    onlyMethods(app, URL, 'POST')
    app.post(URL, { config: { onlyReads: true, openapi: SEARCH_INDEX } }, async (request) => {
      const query = readQuery(parseJson(request.body as Uint8Array))
      const ids: string[] = []
      for (const { log, tree } of trees.shards(request)) {
        const hashes = await findAll(log, query, ids.length)
        ids.push(...hashes.map((hash) => formatEntryId(tree.treeId, hash)))
      }
      return ids
    })
  }
}

function readQuery(body: JsonValue): Query {
  if (!isJsonObject(body)) throw formError('type', 'query in body must be of type object')
  const { operator = 'or' } = body
  if (operator !== 'and' && operator !== 'or') throw formError('enum', 'operator in body should be one of [and or]')
  const criteria = [email(body), subject(body), digest(body), publicKey(body)].filter((keys) => keys !== null)
  return { criteria, operator }
}

function textOf(body: JsonObject, name: string): string | null {
  const value = body[name] ?? null
  if (value !== null && typeof value !== 'string') throw formError('type', `${name} in body must be of type string`)
  return value === '' ? null : value
}

function email(body: JsonObject): Uint8Array[] | null {
  const value = textOf(body, 'email')
  return value === null ? null : [subjectKey({ type: 'email', value })]
}

/** A name of any kind, in any case. */
function subject(body: JsonObject): Uint8Array[] | null {
  const text = textOf(body, 'subject')
  if (text === null) return null
  if (text.length > MAX_SUBJECT)
    throw formError('tooLong', `subject in body should be at most ${MAX_SUBJECT} chars long`)
  return keysOfName(text)
}

function digest(body: JsonObject): Uint8Array[] | null {
  const value = textOf(body, 'hash')?.toLowerCase()
  if (value === undefined) return null
  if (!HASH.test(value)) throw formError('pattern', 'hash in body should be the hex of a sha1, sha256 or sha512')
  const hex = value.replace(/^sha\d+:/, '')
  return [digestKey(BY_LENGTH[hex.length] ?? '', parseHex(hex))]
}

function publicKey(body: JsonObject): Uint8Array[] | null {
  const value = body.publicKey ?? null
  return value === null ? null : [lookupKeyOf(value)]
}
