/**
 * The logs of a server, whichever API it has: Colophon's own, Rekor v1's, or tiles alone, as Rekor v2 and static copies. Nothing of
 * what it shows has been checked.
 */

import { list, openObject, parsed, type Read, text } from '../formats/fields.ts'
import type { JsonValue } from '../formats/json.ts'
import { type Hash, hash, type TreeSize } from '../kernel/brand.ts'
import { parseHex, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Answer, type Ask, below, readAnswer, refusal } from './ask.ts'
import { slug } from './fields.ts'
import { fetchCheckpoint, fetchConsistency, fileReader, type ReadFile } from './tiles.ts'

export type LogServer = { readonly heads: readonly ShownHead[] } & (
  | { readonly kind: 'colophon' }
  | { readonly kind: 'rekor-v1' }
  | { readonly kind: 'tiles'; readonly read: ReadFile }
)

/** A log, as its server shows it. */
export interface ShownHead {
  /** Of a Colophon its slug, of a Rekor v1 the number of the tree; empty where there is one alone. */
  readonly name: string
  /** Below the server's URL: by this a head is remembered. */
  readonly place: string
  /** Of a Colophon what it calls the log's verifier key. */
  readonly vkey: string | null
  /** `active` and so on, where the server says so. */
  readonly state: string | null
  /** @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE */
  checkpoint(): Promise<string>
  /** That the tree of a size is the beginning of the one of this checkpoint. @throws as `checkpoint`; PROOF_INVALID */
  consistency(first: TreeSize, last: TreeSize, checkpoint: string): Promise<readonly Hash[]>
}

const OK = 200
/** Which of the three it is, is found by asking: these say that it is another. */
const ANOTHER = new Set([400, 403, 404, 405, 410])
const MAX_LOGS = 8192
const MAX_PATH = 126

/** @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED when it is none of the three */
export async function openLogServer(ask: Ask, url: string): Promise<LogServer> {
  const logs = await asked(ask, below(url, '/logs'), (json) => colophonLogs(json, ''))
  if (logs !== null) return { kind: 'colophon', heads: logs.map((log) => colophonHead(ask, url, log)) }
  const trees = await asked(ask, below(url, '/api/v1/log'), (json) => rekorTrees(json, ''))
  if (trees !== null) return { kind: 'rekor-v1', heads: trees.map((tree) => rekorHead(ask, url, tree)) }
  for (const prefix of ['/api/v2', '']) {
    const read = fileReader(ask, below(url, prefix), null)
    if ((await read('checkpoint')) !== null) return { kind: 'tiles', read, heads: [tiledHead(read, prefix)] }
  }
  throw new TlogError('SERVICE_REFUSED', `${url}: neither a Colophon, nor a Rekor v1, nor a log of tiles`)
}

async function asked<T>(ask: Ask, url: string, read: (json: JsonValue) => T): Promise<T | null> {
  const answer = await ask({ url })
  if (ANOTHER.has(answer.status)) return null
  return readOk(url, answer, read)
}

function readOk<T>(url: string, answer: Answer, read: (json: JsonValue) => T): T {
  if (answer.status !== OK) throw refusal(url, answer)
  return readAnswer(url, answer, read)
}

function colophonHead(ask: Ask, url: string, { name, vkey, state }: ColophonLog): ShownHead {
  const place = `/logs/${name}/checkpoint`
  return {
    name,
    place,
    vkey,
    state,
    async checkpoint() {
      const answer = await ask({ url: below(url, place) })
      if (answer.status !== OK) throw refusal(below(url, place), answer)
      return parseUtf8(answer.bytes)
    },
    async consistency(first, last) {
      const at = below(url, `/logs/${name}/proof/consistency?first=${first}&last=${last}`)
      return readOk(at, await ask({ url: at }), (json) => pathOf('path')(json, ''))
    },
  }
}

function rekorHead(ask: Ask, url: string, { treeId, checkpoint, state }: RekorTree): ShownHead {
  return {
    name: treeId,
    place: `/api/v1/log?treeID=${treeId}`,
    vkey: null,
    state,
    checkpoint: async () => checkpoint,
    async consistency(first, last) {
      const at = below(url, `/api/v1/log/proof?firstSize=${first}&lastSize=${last}&treeID=${treeId}`)
      return readOk(at, await ask({ url: at }), (json) => pathOf('hashes')(json, ''))
    },
  }
}

function tiledHead(read: ReadFile, prefix: string): ShownHead {
  return {
    name: '',
    place: `${prefix}/checkpoint`,
    vkey: null,
    state: null,
    checkpoint: () => fetchCheckpoint(read),
    consistency: (first, _, checkpoint) => fetchConsistency(read, checkpoint, first),
  }
}

interface ColophonLog {
  readonly name: string
  readonly vkey: string | null
  readonly state: string
}

const colophonLogs = openObject((fields) =>
  fields.required(
    'logs',
    list<ColophonLog>(
      openObject((log) => ({
        name: log.required('slug', slug),
        vkey: log.optional('vkey', text) ?? null,
        state: log.required('state', text),
      })),
      { max: MAX_LOGS },
    ),
  ),
)

export interface RekorTree {
  readonly treeId: string
  readonly checkpoint: string
  readonly state: string
}

/** A number of 63 bits, as a string: it becomes a part of a URL. */
const treeNumber = parsed((digits) => {
  if (!/^[1-9][0-9]{0,18}$/.test(digits)) throw new TlogError('FIELD_INVALID', 'not the number of a tree')
  return digits
})

function treeOf(state: string): Read<RekorTree> {
  return openObject((fields) => ({
    treeId: fields.required('treeID', treeNumber),
    checkpoint: fields.required('signedTreeHead', text),
    state,
  }))
}

/** The active one first, then those before it in the server's order. */
export const rekorTrees: Read<RekorTree[]> = (value, path) => {
  const inactive = openObject((fields) =>
    fields.optional('inactiveShards', list(treeOf('inactive'), { max: MAX_LOGS })),
  )(value, path)
  return [treeOf('active')(value, path), ...(inactive ?? [])]
}

const hashHex = parsed((digits) => hash(parseHex(digits)))

/** An empty list may be left out, or null: so Go prints it. */
export function pathOf(name: string): Read<readonly Hash[]> {
  return openObject((fields) => fields.optional(name, list(hashHex, { max: MAX_PATH })) ?? [])
}
