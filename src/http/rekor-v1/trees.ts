/** The trees that one host's Rekor v1 log consists of: those that have ended, and the one that takes entries. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { attestationOf } from '../../dialects/rekor-v1/keys.ts'
import { logEntry, type ProvenEntry } from '../../dialects/rekor-v1/respond.ts'
import type { EntryId, TreeId } from '../../formats/sigstore/tree-id.ts'
import { hash, type LeafHash, type LeafIndex, leafIndex } from '../../kernel/brand.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import type { Log, Receipt } from '../../log/log.ts'
import { readEntry, sealed } from '../api/entries.ts'
import type { Logs } from '../logs.ts'
import type { Unread } from '../unread.ts'
import { REKOR_V1, type Shard, Shards } from './shards.ts'

export type LogEntries = Awaited<ReturnType<typeof logEntry>>

export class Trees {
  readonly #logs: Logs
  readonly #shards: Shards

  constructor(logs: Logs) {
    this.#logs = logs
    this.#shards = new Shards(logs)
  }

  /** The log that a request means: it takes the entries. @throws TlogError LOG_UNKNOWN */
  log(request: FastifyRequest): Log {
    return this.#logs.forHost(request.host, REKOR_V1)
  }

  /** In order of creation, up to the one that takes entries. @throws TlogError LOG_UNKNOWN */
  shards(request: FastifyRequest): readonly Shard[] {
    return this.#shards.upTo(this.log(request))
  }

  /** The one that takes entries. */
  active(request: FastifyRequest): Shard {
    return this.shards(request).at(-1) as Shard
  }

  /** By its number, the active one without; undefined for a number that no tree here has. */
  byTreeId(request: FastifyRequest, treeId: TreeId | null): Shard | undefined {
    if (treeId === null) return this.active(request)
    return this.shards(request).find(({ tree }) => tree.treeId === treeId)
  }
}

/** Told what an answer is about to hold, in bytes. @throws TlogError LOG_BUSY when readers leave too much of it lying */
export type Hold = (bytes: number) => void

/** Where no reader is slow, or the answer is no larger than what its sender sent. */
const NOTHING: Hold = () => undefined
/** Below, an answer costs little more than its connection, of which there are only so many. */
const SMALL = 4096

export function holdFor(reply: FastifyReply, unread: Unread): Hold {
  return (bytes) => {
    if (bytes < SMALL) return
    unread.checkRoom()
    unread.hold(bytes, reply)
  }
}

/** The entry at an index over all trees; null where there is none. @throws TlogError LOG_BUSY */
export async function entryAt(shards: readonly Shard[], index: number, hold = NOTHING): Promise<LogEntries | null> {
  const shard = shards.findLast(({ entriesBefore }) => entriesBefore <= index)
  if (shard === undefined || index - shard.entriesBefore >= shard.log.status().published) return null
  return await entryOf(shard, leafIndex(index - shard.entriesBefore), hold)
}

/** The entry of an ID, in whichever tree it is: the newest first. @throws TlogError LOG_BUSY */
export async function entryById(
  shards: readonly Shard[],
  { treeId, leafHash }: EntryId,
  hold = NOTHING,
): Promise<LogEntries | null> {
  const asked = shards.filter(({ tree }) => treeId === null || tree.treeId === treeId)
  for (const shard of asked.toReversed()) {
    const wanted = hash(leafHash) as LeafHash
    const place = await shard.log.find(wanted)
    if (place !== null) return await entryOf(shard, place.index, hold, { hash: wanted, time: place.time })
  }
  return null
}

/** @param found what led to the index; without it, the entry is looked up by its hash. @throws TlogError STORE_CORRUPT */
async function entryOf(
  shard: Shard,
  index: LeafIndex,
  hold: Hold,
  found?: Pick<ProvenEntry, 'hash' | 'time'>,
): Promise<LogEntries> {
  const { leaf, hash, path, tree } = await readEntry(shard.log, index)
  if (found !== undefined && !equal(found.hash, hash))
    throw new TlogError('STORE_CORRUPT', `leaf ${index} is another than the one found there`)
  const { size, root, note } = tree.newest
  const time = found?.time ?? (await sealed(shard.log, index, hash))
  return await answer(shard, { leaf, hash, index, time, size, root, path, note }, hold)
}

/** What a new entry, or a repeated one, is answered with. */
export function receiptAsEntry(shard: Shard, leaf: Uint8Array, receipt: Receipt): Promise<LogEntries> {
  return answer(shard, { ...receipt, leaf, hash: leafHash(leaf) }, () => undefined)
}

async function answer({ log, tree, entriesBefore }: Shard, entry: ProvenEntry, hold: Hold): Promise<LogEntries> {
  const attested = attestationOf(entry.leaf)
  const attestation = attested && (await log.attachment(attested.algorithm, attested.digest))
  hold(entry.leaf.length + (attestation?.length ?? 0))
  return await logEntry(entry, { tree, entriesBefore, attestation, promise: (promised) => log.promise(promised) })
}
