/**
 * Writes on a thread with a connection of its own: a transaction and its fsync take milliseconds, in which the event loop
 * would stand still. Reads stay where they are; in WAL mode neither waits for the other.
 */

import { Worker } from 'node:worker_threads'
import { TlogError } from '../../kernel/error.ts'
import type { LogStore, SealedBatch } from '../../log/ports.ts'
import { type Answer, type Call, type Calls, type Method, UNOPENED } from './protocol.ts'

export interface WriterThread {
  /** The store of a log, whose reads `local` answers, on the connection it has. */
  store(log: number, local: LogStore): LogStore
  /** Resolves with the reason when the thread ends before `close`: from then on no write is taken. */
  readonly died: Promise<TlogError>
  /** After what is under way. The file is then closed on that side. */
  close(): Promise<void>
}

const SCRIPT = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** A thread that passes it dies alone, not with the process. */
const HEAP = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 }

/** @param path of a database that is open and migrated already. */
export function startWriterThread(path: string): WriterThread {
  const thread = new Thread(path)
  return {
    died: thread.died,
    store: (log, local) => ({
      ...local,
      // One costs less than the message would. Many go to the pages that the writer has in memory: a reader's are voided by each write.
      find: (hashes) => (hashes.length === 1 ? local.find(hashes) : thread.call('find', log, [hashes])),
      append: (expected, batch) => {
        const packed = pack(batch)
        return thread.call('append', log, [expected, packed.batch], [packed.buffer])
      },
      attach: (supplements) => thread.call('attach', log, [supplements]),
      index: (rows) => thread.call('index', log, [rows]),
      publish: (checkpoint) => thread.call('publish', log, [checkpoint]),
    }),
    close: () => thread.close(),
  }
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
}

class Thread {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  readonly #pending = new Map<number, Pending>()
  readonly #died = Promise.withResolvers<TlogError>()
  #calls = 0
  #closing = false
  #death: TlogError | null = null

  constructor(path: string) {
    const options = { workerData: path, execArgv: [], resourceLimits: HEAP }
    this.#worker = new Worker(SCRIPT, options)
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    this.#worker.on('error', (cause) => this.#bury(cause))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#bury(new Error(`exit code ${code}`))
        resolve()
      })
    })
  }

  get died(): Promise<TlogError> {
    return this.#died.promise
  }

  call<M extends Method>(method: M, log: number, args: Parameters<Calls[M]>, moved: ArrayBuffer[] = []) {
    return new Promise<Awaited<ReturnType<Calls[M]>>>((resolve, reject) => {
      if (this.#death !== null) throw this.#death
      const id = this.#calls++
      this.#worker.postMessage({ id, log, method, args } satisfies Call, moved)
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.#worker.ref()
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#worker.ref()
    this.#worker.postMessage(null)
    await this.#exited
  }

  #settle({ id, result, error }: Answer): void {
    if (id === UNOPENED && error !== undefined) this.#bury(revive(error))
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0 && !this.#closing) this.#worker.unref()
    if (error === undefined) pending?.resolve(result)
    else pending?.reject(revive(error))
  }

  #bury(cause: unknown): void {
    const ended = 'the thread that writes has ended; what it had under way is unknown'
    this.#death ??= cause instanceof TlogError ? cause : new TlogError('STORE_CORRUPT', ended, { cause })
    for (const { reject } of this.#pending.values()) reject(this.#death)
    this.#pending.clear()
    if (!this.#closing) this.#died.resolve(this.#death)
  }
}

/** As it was thrown there: same code, same words. */
function revive({ code, message, because }: NonNullable<Answer['error']>): Error {
  const options = { cause: because }
  return code === null ? new Error(message, options) : new TlogError(code, message, options)
}

/** A batch is thousands of small arrays: in one buffer they move to the other thread, instead of being copied one by one. */
function pack(batch: SealedBatch): { batch: SealedBatch; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(bytesOf(batch).reduce((sum, bytes) => sum + bytes.length, 0))
  let at = 0
  const move = <T extends Uint8Array>(bytes: T): T => {
    const moved = new Uint8Array(buffer, at, bytes.length)
    moved.set(bytes)
    at += bytes.length
    return moved as Uint8Array as T
  }
  const packed: SealedBatch = {
    entries: batch.entries.map(({ leaf, hash, keys, attachments, ...rest }) => ({
      ...rest,
      leaf: move(leaf),
      hash: move(hash),
      keys: keys.map(({ key, source }) => ({ key: move(key), source })),
      attachments: attachments.map(({ algorithm, digest, content }) => ({
        algorithm,
        digest: move(digest),
        content: move(content),
      })),
    })),
    tiles: batch.tiles.map(({ level, index, bytes }) => ({ level, index, bytes: move(bytes) })),
    head: batch.head,
  }
  return { batch: packed, buffer }
}

function bytesOf({ entries, tiles }: SealedBatch): Uint8Array[] {
  return [
    ...entries.flatMap(({ leaf, hash, keys, attachments }) => [
      leaf,
      hash,
      ...keys.map(({ key }) => key),
      ...attachments.flatMap(({ digest, content }) => [digest, content]),
    ]),
    ...tiles.map(({ bytes }) => bytes),
  ]
}
