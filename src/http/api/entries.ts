/** GET /logs/{log}/entries/{index}, and the same as a proof file: an entry, and that it is in the newest tree. */

import type { FastifyInstance } from 'fastify'
import { readLeaf } from '../../custody/kept.ts'
import { factsOf } from '../../dialects/facts.ts'
import type { MadePromise } from '../../dialects/rekor-v1/respond.ts'
import { formatTlogProof } from '../../formats/c2sp/tlog-proof.ts'
import { parseJson } from '../../formats/json.ts'
import type { Hash, LeafHash, LeafIndex, UnixMillis } from '../../kernel/brand.ts'
import { base64, hex, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import type { Log } from '../../log/log.ts'
import type { Attachment } from '../../log/ports.ts'
import type { Logs } from '../logs.ts'
import { Shards } from '../rekor-v1/shards.ts'
import { ENTRY, TLOG_PROOF } from './describe/entries.ts'
import { logOf, time } from './logs.ts'
import { readIndex } from './parameters.ts'
import { ProvenTree } from './proven-tree.ts'
import { json, resource } from './resource.ts'

type Commitment = Omit<Attachment, 'content'>

export function entryRoutes(logs: Logs) {
  const shards = new Shards(logs)
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/logs/:log/entries/:index', ENTRY, async (request) => {
      const log = logOf(logs, request)
      const { index, leaf, hash, tree, path } = await readEntry(log, readIndex(request))
      const { size, root, note } = tree.newest
      const when = await sealed(log, index, hash)
      return json({
        index,
        leafHash: hex(hash),
        leaf: base64(leaf),
        body: attempt(() => parseJson(leaf), null),
        time: time(when),
        attachments: (await kept(log, leaf)).map(({ algorithm, digest }) => ({ algorithm, digest: hex(digest) })),
        proof: { size, root: hex(root), path: path.map(hex), checkpoint: parseUtf8(note) },
        promise: described(await shards.promise(log, { leaf, index, time: when })),
      })
    })
    resource(app, '/logs/:log/entries/:index/tlog-proof', TLOG_PROOF, async (request) => {
      const { index, tree, path } = await readEntry(logOf(logs, request), readIndex(request))
      const file = formatTlogProof({ extra: null, index, path, note: tree.newest.note })
      return { type: 'text/plain; charset=utf-8', body: Buffer.from(file), fixed: false }
    })
  }
}

/** Null where nothing is promised. */
function described(made: MadePromise | null): object | null {
  if (made === null || made.promise === null) return null
  const { index, integratedTime, logId, promise } = made
  return { logId: hex(logId), logIndex: index, integratedTime, signedEntryTimestamp: base64(promise) }
}

export interface ProvenEntry {
  readonly index: LeafIndex
  readonly leaf: Uint8Array
  readonly hash: LeafHash
  readonly tree: ProvenTree
  readonly path: readonly Hash[]
}

/** The path starts at the hash of the entry's own bytes: what it proves is what is sent. */
export async function readEntry(log: Log, index: LeafIndex): Promise<ProvenEntry> {
  const tree = new ProvenTree(log)
  tree.checkIndex(index)
  const leaf = await readLeaf(log, index)
  const hash = leafHash(leaf)
  return { index, leaf, hash, tree, path: await tree.inclusion(hash, index, tree.newest) }
}

/** When an entry was sealed. @throws TlogError STORE_CORRUPT */
export async function sealed(log: Log, index: LeafIndex, hash: LeafHash): Promise<UnixMillis> {
  const place = await log.find(hash)
  if (place?.index !== index) throw new TlogError('STORE_CORRUPT', `leaf ${index} is not found by its hash`)
  return place.time
}

/** Of what the leaf commits to, what was sent with it, small enough, and kept. */
async function kept(log: Log, leaf: Uint8Array): Promise<Commitment[]> {
  const found: Commitment[] = []
  for (const one of commitments(log, leaf))
    if ((await log.attachment(one.algorithm, one.digest)) !== null) found.push(one)
  return found
}

/** None in a leaf that is not of the log's dialect. */
function commitments(log: Log, leaf: Uint8Array): readonly Commitment[] {
  return attempt(() => factsOf(log.identity.dialect)(leaf).attachments, [])
}

/** A leaf need not be of the form that is tried. */
export function attempt<T>(read: () => T, instead: T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof TlogError) return instead
    throw error
  }
}
