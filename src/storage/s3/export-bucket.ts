/**
 * A copy of one log in an object store: a bucket, or a CDN before it, is then a whole read endpoint of c2sp.org/tlog-tiles. No
 * lock is held: objects are made where there are none, and the checkpoint is swapped for the very one that was read, so that
 * of two writers neither spoils the other's work, and one that was paused cannot bring an old checkpoint back.
 */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { TILE_WIDTH } from '../../kernel/tile.ts'
import { ATTACHMENTS, MAX_NOTE_BYTES } from '../../log/copy.ts'
import type { OpenedTarget } from '../../log/export.ts'
import { InFlight } from '../in-flight.ts'
import { type Condition, S3Client, type S3Object, type S3Parts } from './client.ts'
import { keepsConditions } from './conditions.ts'

export interface BucketParts extends S3Parts {
  /** Told once that the store keeps no conditions: then whoever runs it sees to it that there is one writer. */
  readonly onUnguarded: (why: string) => void
}

/** A round trip each. */
const AT_ONCE = 16
const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'
const IMMUTABLE = 'public, max-age=31536000, immutable'
const ASK_AGAIN = 'no-cache'

/** Opens the place that `parts` names. @throws TlogError COPY_REFUSED when the store cannot be reached, or refuses */
export async function openExportBucket({ onUnguarded, ...parts }: BucketParts): Promise<OpenedTarget> {
  const client = new S3Client(parts)
  const isGuarded = await asCopy(() => keepsConditions(client))
  if (!isGuarded)
    onUnguarded(
      `${client.name('')} keeps no conditions (If-Match, If-None-Match): objects are read before they are written, and it is on you that nobody else writes there`,
    )
  return new Bucket(client, isGuarded)
}

/** A copy in an object store, to read. @throws TlogError COPY_REFUSED */
export function readBucket(parts: S3Parts): OpenedTarget['read'] {
  const client = new S3Client(parts)
  return async (path, maxBytes) => (await asCopy(() => client.get(path, maxBytes)))?.bytes ?? null
}

class Bucket implements OpenedTarget {
  readonly #client: S3Client
  readonly #isGuarded: boolean
  readonly #writing = new InFlight(AT_ONCE)
  readonly #removing = new InFlight(AT_ONCE)
  /** There was nothing before: no tile has partial versions. */
  #isNew = false
  #found: { readonly path: string; readonly object: S3Object | null } | null = null

  constructor(client: S3Client, isGuarded: boolean) {
    this.#client = client
    this.#isGuarded = isGuarded
  }

  /** Handed on by itself. */
  readonly read: OpenedTarget['read'] = async (path, maxBytes) => {
    const object = await asCopy(() => this.#client.get(path, maxBytes))
    this.#found = { path, object }
    if (path === 'checkpoint') this.#isNew = object === null && (await asCopy(() => this.#client.isEmpty('tile/')))
    return object?.bytes ?? null
  }

  add(path: string, bytes: Uint8Array): Promise<void> {
    return this.#writing.start(() => asCopy(() => this.#add(path, bytes)))
  }

  flush(): Promise<void> {
    return this.#writing.settle()
  }

  /** What `read` did not find there, or did not look for, must not be there. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#writing.settle()
    await this.#removing.settle()
    const before = this.#found?.path === path ? this.#found.object : null
    this.#found = null
    const condition = before === null ? { absent: true as const } : { etag: before.etag }
    if (await asCopy(() => this.#write(path, bytes, condition))) return
    if (await asCopy(() => this.#has(path, bytes))) return // an attempt whose answer was lost
    throw new TlogError(
      'COPY_REFUSED',
      `${this.#client.name(path)} was replaced by another writer meanwhile: it is left as it is`,
    )
  }

  async remove(path: string): Promise<void> {
    await asCopy(() => this.#client.remove(path))
  }

  /** What is left of them is in nobody's way. */
  async removePartials(path: string): Promise<void> {
    if (this.#isNew) return
    await this.#removing.start(() =>
      asCopy(async () => {
        for (const key of await this.#client.list(`${path}.p/`, TILE_WIDTH)) await this.#client.remove(key)
      }),
    )
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#writing.settle(), this.#removing.settle()])
  }

  /** Whatever became of earlier attempts: it is there, with these bytes, or this throws. */
  async #add(path: string, bytes: Uint8Array): Promise<void> {
    if (await this.#write(path, bytes, { absent: true })) return
    if (!(await this.#has(path, bytes)))
      throw new TlogError(
        'COPY_REFUSED',
        `${this.#client.name(path)} has other content than this log: it is never written over`,
      )
  }

  /** False: the condition does not hold, or held until an earlier attempt made it so. */
  async #write(path: string, bytes: Uint8Array, condition: Condition): Promise<boolean> {
    const put = { bytes, ...headersOf(path) }
    if (this.#isGuarded) return (await this.#client.put(path, { ...put, condition })) === 'written'
    const held = await this.#client.get(path, mostOf(bytes))
    const wanted = condition !== null && 'etag' in condition ? condition.etag : null
    if ((held?.etag ?? null) !== wanted) return false
    await this.#client.put(path, { ...put, condition: null })
    return true
  }

  async #has(path: string, bytes: Uint8Array): Promise<boolean> {
    const held = await this.#client.get(path, mostOf(bytes))
    return held !== null && equal(held.bytes, bytes)
  }
}

/** What is longer is other content. */
function mostOf(bytes: Uint8Array): number {
  return Math.max(bytes.length, MAX_NOTE_BYTES)
}

/** As our own server sends them; an attachment may be withdrawn. */
function headersOf(path: string): { readonly type: string; readonly cache: string } {
  if (path.startsWith('tile/')) return { type: BYTES, cache: IMMUTABLE }
  return { type: path === 'checkpoint' || path === ATTACHMENTS.layout ? TEXT : BYTES, cache: ASK_AGAIN }
}

async function asCopy<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (cause) {
    if (!(cause instanceof TlogError) || cause.code === 'COPY_REFUSED') throw cause
    throw new TlogError('COPY_REFUSED', cause.message, { cause })
  }
}
