/** Reads a header forward, number by number, from windows of a file. What it is asked for beyond the file's end it refuses. */

import { TlogError } from '../../kernel/error.ts'
import type { ByteSource } from './byte-source.ts'

const WINDOW = 65_536

export interface CursorOptions {
  readonly source: ByteSource
  readonly littleEndian: boolean
  /** Bytes from the beginning that a header may have; those of the file, if it is shorter. */
  readonly budget: number
}

/**
 * `need` brings bytes near, and the getters take of those: most of them find everything at hand, and cost no promise.
 * Every getter must be covered by a `need` before it.
 */
export class Cursor {
  readonly #source: ByteSource
  readonly #littleEndian: boolean
  readonly #end: number
  #window: DataView = new DataView(new ArrayBuffer(0))
  #start: number
  #next = 0

  constructor({ source, littleEndian, budget }: CursorOptions, at: number) {
    this.#source = source
    this.#littleEndian = littleEndian
    this.#end = Math.min(budget, source.size)
    this.#start = at
  }

  /** In bytes from the file's beginning. */
  get at(): number {
    return this.#start + this.#next
  }

  get left(): number {
    return this.#end - this.at
  }

  /** Whether `length` bytes are at hand; when they are not, `bring` them. */
  has(length: number): boolean {
    return this.#window.byteLength - this.#next >= length
  }

  /** @throws TlogError MODEL_MALFORMED when the header, or the file, ends before. */
  async need(length: number, what: string): Promise<void> {
    if (this.has(length)) return
    if (length > this.left) throw this.malformed(`${what}: ${length} bytes, and ${this.left} are left`)
    const at = this.at
    const bytes = await this.#source.read(at, Math.min(this.left, Math.max(length, WINDOW)))
    this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = at
    this.#next = 0
  }

  /** @throws TlogError MODEL_MALFORMED as need does */
  skip(length: number, what: string): void {
    if (length > this.left) throw this.malformed(`${what}: ${length} bytes, and ${this.left} are left`)
    this.#next += length
    if (this.#next <= this.#window.byteLength) return
    this.#start += this.#next
    this.#next = 0
    this.#window = new DataView(new ArrayBuffer(0))
  }

  /** A view, good until the next `need`. */
  bytes(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#window
    return new Uint8Array(buffer, byteOffset + this.#take(length), length)
  }

  u8 = (): number => this.#window.getUint8(this.#take(1))
  i8 = (): number => this.#window.getInt8(this.#take(1))
  u16 = (): number => this.#window.getUint16(this.#take(2), this.#littleEndian)
  i16 = (): number => this.#window.getInt16(this.#take(2), this.#littleEndian)
  u32 = (): number => this.#window.getUint32(this.#take(4), this.#littleEndian)
  i32 = (): number => this.#window.getInt32(this.#take(4), this.#littleEndian)
  f32 = (): number => this.#window.getFloat32(this.#take(4), this.#littleEndian)
  f64 = (): number => this.#window.getFloat64(this.#take(8), this.#littleEndian)
  u64 = (): bigint => this.#window.getBigUint64(this.#take(8), this.#littleEndian)
  i64 = (): bigint => this.#window.getBigInt64(this.#take(8), this.#littleEndian)

  /** A u64 that counts or measures. @throws TlogError MODEL_MALFORMED above `max` */
  count(what: string, max: number): number {
    const at = this.at
    const value = this.u64()
    if (value > BigInt(max)) throw malformedAt(at, `${what}: ${value}, of at most ${max}`)
    return Number(value)
  }

  malformed(why: string): TlogError {
    return malformedAt(this.at, why)
  }

  #take(length: number): number {
    const at = this.#next
    this.#next += length
    return at
  }
}

export function malformedAt(at: number, why: string): TlogError {
  return new TlogError('MODEL_MALFORMED', `byte ${at}: ${why}`)
}
