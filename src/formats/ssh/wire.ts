/** The data types of the SSH protocol (RFC 4251 §5), as far as keys and signatures use them. */

import { concat } from '../../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../../kernel/error.ts'

export class SshReader {
  readonly #bytes: Uint8Array
  readonly #code: ErrorCode
  #at = 0

  constructor(bytes: Uint8Array, code: ErrorCode) {
    this.#bytes = bytes
    this.#code = code
  }

  fail(why: string): never {
    throw new TlogError(this.#code, why)
  }

  /** So many bytes, as they are. */
  take(length: number, what: string): Uint8Array {
    if (length > this.#bytes.length - this.#at) this.fail(`${what} is cut short`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  uint32(what: string): number {
    const bytes = this.take(4, what)
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  }

  /** A `string`: bytes after their length. */
  string(what: string): Uint8Array {
    return this.take(this.uint32(what), what)
  }

  ascii(what: string): string {
    return String.fromCharCode(...this.string(what).subarray(0, 64))
  }

  /** A positive `mpint` in its shortest form, big-endian without the sign byte. */
  positive(what: string): Uint8Array {
    const bytes = this.string(what)
    const [first = 0, second = 0] = bytes
    if (first >= 0x80 || (first === 0 && second < 0x80))
      this.fail(`${what} is not a positive number in its shortest form`)
    return first === 0 ? bytes.subarray(1) : bytes
  }

  end(what: string): void {
    if (this.#at < this.#bytes.length) this.fail(`bytes after ${what}`)
  }
}

export function sshUint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export function sshString(bytes: Uint8Array): Uint8Array {
  return concat(sshUint32(bytes.length), bytes)
}
