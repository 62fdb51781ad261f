/** Sorts records of one length by their bytes, as many as a disk holds: in memory up to a bound, beyond in runs on the disk. */

import { type FileHandle, open, rm } from 'node:fs/promises'

export interface SortOptions {
  /** Of a record, in bytes; at least 6. */
  readonly length: number
  /** How many are held in memory. */
  readonly held: number
  /** Where runs are kept meanwhile: a file that is not there yet. */
  readonly scratch: string
}

/** Of a run, bytes a read. */
const WINDOW = 65_536
const FIRST = 1024

export class RecordSorter {
  readonly #options: SortOptions
  #records: Buffer
  #count = 0
  #file: FileHandle | null = null
  /** Where each run ends in the file. */
  readonly #ends: number[] = []

  constructor(options: SortOptions) {
    this.#options = options
    this.#records = Buffer.alloc(Math.min(FIRST, options.held) * options.length)
  }

  /** @throws the system's error when a run cannot be written */
  async add(record: Uint8Array): Promise<void> {
    const { length, held } = this.#options
    if (this.#count === held) await this.#spill()
    if (this.#count * length === this.#records.length) this.#grow()
    this.#records.set(record, this.#count * length)
    this.#count++
  }

  /** All of them, once, the least first. Each is gone when the next is asked for. @throws the system's error */
  async *sorted(): AsyncGenerator<Uint8Array> {
    if (this.#file === null) {
      yield* this.#inOrder()
      return
    }
    await this.#spill()
    this.#records = Buffer.alloc(0)
    yield* this.#merged(this.#file)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    if (this.#file !== null) await rm(this.#options.scratch, { force: true })
  }

  #grow(): void {
    const { length, held } = this.#options
    const grown = Buffer.alloc(Math.min(2 * this.#records.length, held * length))
    grown.set(this.#records)
    this.#records = grown
  }

  /** The first six bytes as a number decide nearly always. */
  *#inOrder(): Generator<Uint8Array> {
    const { length } = this.#options
    const records = this.#records
    const keys = Float64Array.from({ length: this.#count }, (_, i) => records.readUIntBE(i * length, 6))
    const order = Uint32Array.from(keys, (_, i) => i)
    const at = (i: number) => records.subarray(i * length, (i + 1) * length)
    order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || Buffer.compare(at(a), at(b)))
    for (const i of order) yield at(i)
  }

  async #spill(): Promise<void> {
    this.#file ??= await open(this.#options.scratch, 'wx+', 0o600)
    const run = Buffer.concat([...this.#inOrder()])
    await this.#file.writeFile(run)
    this.#ends.push((this.#ends.at(-1) ?? 0) + run.length)
    this.#count = 0
  }

  /** The run whose next record is the least is the last. */
  async *#merged(file: FileHandle): AsyncGenerator<Uint8Array> {
    const runs: Run[] = []
    for (const [i, to] of this.#ends.entries()) {
      const run = new Run(file, { from: this.#ends[i - 1] ?? 0, to, length: this.#options.length })
      if (await run.advance()) insert(runs, run)
    }
    for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
      yield run.record
      if (await run.advance()) insert(runs, run)
    }
  }
}

class Run {
  readonly #file: FileHandle
  readonly #length: number
  readonly #to: number
  #at: number
  #window = Buffer.alloc(0)
  #next = 0
  record = Buffer.alloc(0)

  constructor(file: FileHandle, { from, to, length }: { from: number; to: number; length: number }) {
    this.#file = file
    this.#at = from
    this.#to = to
    this.#length = length
  }

  async advance(): Promise<boolean> {
    if (this.#next === this.#window.length && !(await this.#refill())) return false
    this.record = this.#window.subarray(this.#next, this.#next + this.#length)
    this.#next += this.#length
    return true
  }

  async #refill(): Promise<boolean> {
    const wanted = Math.min(this.#to - this.#at, Math.floor(WINDOW / this.#length) * this.#length)
    if (wanted === 0) return false
    this.#window = Buffer.alloc(wanted)
    this.#next = 0
    for (let done = 0; done < wanted; ) {
      const { bytesRead } = await this.#file.read(this.#window, done, wanted - done, this.#at + done)
      if (bytesRead === 0) throw new Error('the scratch file became shorter meanwhile')
      done += bytesRead
    }
    this.#at += wanted
    return true
  }
}

function insert(runs: Run[], run: Run): void {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Buffer.compare((runs[middle] as Run).record, run.record) > 0) low = middle + 1
    else high = middle
  }
  runs.splice(low, 0, run)
}
