/** DER (X.690 §10), the part that keys, signatures and certificates use. One encoding a value; anything else is refused. */

import { concat } from '../../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../../kernel/error.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** One value. Both are views into what was read. */
export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
  /** Tag, length and value. */
  readonly der: Uint8Array
}

/** Reads the values of one level in order. Every error carries `code` and the offset in the outermost bytes. */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #code: ErrorCode
  readonly #base: number
  #at = 0

  constructor(bytes: Uint8Array, code: ErrorCode = 'DER_MALFORMED', base = 0) {
    this.#bytes = bytes
    this.#code = code
    this.#base = base
  }

  /** The next value's tag, or undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at]
  }

  fail(why: string): never {
    throw new TlogError(this.#code, `at byte ${this.#base + this.#at}: ${why}`)
  }

  /** Low tag numbers and definite, minimal lengths only. */
  next(what: string): Tlv {
    const start = this.#at
    const tag = this.#bytes[start] ?? this.fail(`${what} is missing`)
    if ((tag & 0x1f) === 0x1f) this.fail(`${what} has a tag of several bytes`)
    const [length, head] = this.#length(start + 1, what)
    const end = start + 1 + head + length
    if (end > this.#bytes.length) this.fail(`${what} is cut short`)
    this.#at = end
    return { tag, value: this.#bytes.subarray(end - length, end), der: this.#bytes.subarray(start, end) }
  }

  /** The content of a value that must have this tag. */
  read(tag: number, what: string): Uint8Array {
    if (this.tag !== tag)
      this.fail(this.tag === undefined ? `${what} is missing` : `${what} has tag 0x${hexByte(this.tag)}`)
    return this.next(what).value
  }

  /** A reader of the values inside the next one. */
  enter(tag: number, what: string): DerReader {
    const value = this.read(tag, what)
    return new DerReader(value, this.#code, this.#base + this.#at - value.length)
  }

  /** A positive INTEGER, big-endian without the sign byte; zero is one zero byte. */
  unsigned(what: string): Uint8Array {
    const value = this.read(TAG.integer, what)
    const [first, second] = value
    if (first === undefined) this.fail(`${what} is an integer of no bytes`)
    if (first >= 0x80) this.fail(`${what} is negative`)
    if (first === 0 && second !== undefined && second < 0x80) this.fail(`${what} is padded with zeros`)
    return first === 0 && value.length > 1 ? value.subarray(1) : value
  }

  /** A BIT STRING of whole bytes. */
  bits(what: string): Uint8Array {
    const value = this.read(TAG.bitString, what)
    if (value[0] !== 0) this.fail(`${what} is not a whole number of bytes`)
    return value.subarray(1)
  }

  /** In dotted decimal. */
  oid(what: string): string {
    const value = this.read(TAG.oid, what)
    if (value.length === 0 || value.length > 32 || (value.at(-1) ?? 0) >= 0x80)
      this.fail(`${what} is no object identifier`)
    const arcs: number[] = []
    let arc = 0
    for (const [i, byte] of value.entries()) {
      if (byte === 0x80 && (i === 0 || (value[i - 1] ?? 0) < 0x80)) this.fail(`${what} has a padded arc`)
      arc = arc * 128 + (byte & 0x7f)
      if (!Number.isSafeInteger(arc)) this.fail(`${what} has an arc above 2^53-1`)
      if (byte < 0x80) {
        arcs.push(arc)
        arc = 0
      }
    }
    const [head = 0, ...rest] = arcs
    const top = Math.min(Math.floor(head / 40), 2)
    return [top, head - 40 * top, ...rest].join('.')
  }

  end(what: string): void {
    if (this.tag !== undefined) this.fail(`bytes after ${what}`)
  }

  /** Reads to the end and into every constructed value, at most `depth` levels down. */
  walk(depth: number): void {
    while (this.tag !== undefined) {
      const { tag } = this
      if ((tag & 0x20) === 0) this.next('a value')
      else if (depth === 0) this.fail('nested too deeply')
      else this.enter(tag, 'a value').walk(depth - 1)
    }
  }

  #length(at: number, what: string): [length: number, bytes: number] {
    const first = this.#bytes[at] ?? this.fail(`${what} is cut short`)
    if (first < 0x80) return [first, 1]
    const count = first - 0x80
    if (count === 0) this.fail(`${what} has an indefinite length`)
    if (count > 4) this.fail(`${what} has a length of ${count} bytes`)
    let length = 0
    for (let i = 1; i <= count; i++) length = length * 256 + (this.#bytes[at + i] ?? this.fail(`${what} is cut short`))
    if (length < 0x80 || length < 256 ** (count - 1)) this.fail(`${what} has a length that is not minimal`)
    return [length, 1 + count]
  }
}

/** One value with its tag and minimal length. */
export function formatDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const value = concat(...contents)
  if (value.length < 0x80) return concat(Uint8Array.of(tag, value.length), value)
  const length: number[] = []
  for (let rest = value.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return concat(Uint8Array.of(tag, 0x80 + length.length, ...length), value)
}

/** An INTEGER from big-endian bytes without leading zeros. */
export function formatUnsigned(magnitude: Uint8Array): Uint8Array {
  const sign = (magnitude[0] ?? 0) >= 0x80 || magnitude.length === 0 ? [0] : []
  return formatDer(TAG.integer, Uint8Array.from(sign), magnitude)
}

/** An OBJECT IDENTIFIER from dotted decimal. */
export function formatOid(dotted: string): Uint8Array {
  const [top = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [40 * top + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 + (left % 128))
    return digits
  })
  return formatDer(TAG.oid, Uint8Array.from(bytes))
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
