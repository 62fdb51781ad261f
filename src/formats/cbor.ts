/**
 * CBOR (RFC 8949), the part that COSE messages use, in its deterministic encoding (§4.2.1) but for the order of keys: one
 * spelling of every length and number. Tags are the caller's to expect; floating point is passed over only.
 */

import { parseUtf8 } from '../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'

/** Major types (§3.1). */
export const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const

/** The simple values that are taken: false, true, null, undefined (§3.3). */
const SIMPLE = { first: 20, last: 23 } as const
/** Widths of floating point, by additional information. */
const FLOATS: Readonly<Record<number, number>> = { 25: 2, 26: 4, 27: 8 }

/** What needs an argument of so many bytes. */
const LEAST: Readonly<Record<number, number>> = { 1: 24, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }

/** Reads the items of a message in order. Every error carries `code` and the offset. */
export class CborReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #code: ErrorCode
  #at = 0

  constructor(bytes: Uint8Array, code: ErrorCode) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#code = code
  }

  /** Of the next item; undefined at the end. */
  get major(): number | undefined {
    const first = this.#bytes[this.#at]
    return first === undefined ? undefined : first >> 5
  }

  fail(why: string): never {
    throw new TlogError(this.#code, `at byte ${this.#at}: ${why}`)
  }

  bytes(what: string): Uint8Array {
    return this.#take(this.#head(MAJOR.bytes, what), what)
  }

  /** @throws TlogError also for text that is not UTF-8 */
  text(what: string): string {
    const bytes = this.#take(this.#head(MAJOR.text, what), what)
    try {
      return parseUtf8(bytes)
    } catch {
      return this.fail(`${what} is not UTF-8`)
    }
  }

  /** From -2^53 to 2^53 - 1. */
  integer(what: string): number {
    if (this.major !== MAJOR.negative) return this.#head(MAJOR.unsigned, what)
    return -1 - this.#head(MAJOR.negative, what)
  }

  /** The number of items that follow. */
  array(what: string): number {
    return this.#count(MAJOR.array, 1, what)
  }

  /** The number of pairs that follow. */
  map(what: string): number {
    return this.#count(MAJOR.map, 2, what)
  }

  tag(what: string): number {
    return this.#head(MAJOR.tag, what)
  }

  /** One item and all within it, at most `depth` levels down; tags are refused. */
  skip(depth: number, what: string): void {
    switch (this.major) {
      case MAJOR.bytes:
        this.bytes(what)
        break
      case MAJOR.text:
        this.text(what)
        break
      case MAJOR.array:
        this.#skipItems(this.array(what), depth, what)
        break
      case MAJOR.map:
        this.#skipItems(2 * this.map(what), depth, what)
        break
      case MAJOR.simple:
        this.#skipSimple(what)
        break
      case MAJOR.tag:
        this.fail(`a tag in ${what}`)
        break
      default:
        this.integer(what)
    }
  }

  end(what: string): void {
    if (this.#at < this.#bytes.length) this.fail(`bytes after ${what}`)
  }

  #skipItems(count: number, depth: number, what: string): void {
    if (depth === 0) this.fail(`${what} is nested too deeply`)
    for (let i = 0; i < count; i++) this.skip(depth - 1, what)
  }

  #skipSimple(what: string): void {
    const additional = (this.#bytes[this.#at] ?? 0) & 0x1f
    const width = FLOATS[additional] ?? 0
    if (width === 0 && (additional < SIMPLE.first || additional > SIMPLE.last))
      this.fail(`${what} has an unknown simple value`)
    this.#at += 1
    this.#take(width, what)
  }

  /** Every item takes a byte, so that no count is above the bytes left. */
  #count(major: number, each: number, what: string): number {
    const count = this.#head(major, what)
    if (count * each > this.#bytes.length - this.#at) this.fail(`${what} is cut short`)
    return count
  }

  #take(length: number, what: string): Uint8Array {
    if (length > this.#bytes.length - this.#at) this.fail(`${what} is cut short`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Its argument: a number, or a length. */
  #head(major: number, what: string): number {
    if (this.major !== major)
      this.fail(this.major === undefined ? `${what} is missing` : `${what} has major type ${this.major}, not ${major}`)
    const additional = (this.#bytes[this.#at] ?? 0) & 0x1f
    if (additional > 27) this.fail(`${what} has an indefinite or reserved length`)
    const width = additional < 24 ? 0 : 2 ** (additional - 24)
    if (this.#at + 1 + width > this.#bytes.length) this.fail(`${what} is cut short`)
    const argument = width === 0 ? additional : this.#argument(width)
    if (argument < (LEAST[width] ?? 0)) this.fail(`${what} has a length or number that is not minimal`)
    if (argument > Number.MAX_SAFE_INTEGER) this.fail(`${what} is a number above 2^53-1`)
    this.#at += 1 + width
    return argument
  }

  #argument(width: number): number {
    const at = this.#at + 1
    if (width === 1) return this.#view.getUint8(at)
    if (width === 2) return this.#view.getUint16(at)
    return width === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at))
  }
}
