/**
 * `.apesig`, the signatures that a portable executable may carry (jart/cosmopolitan, net/http/apesig.c): by OpenSSH's
 * Ed25519 keys, over ELF headers and the segments of code that are loaded. All else in it is in no signature.
 */

import { parseUtf8 } from '../../kernel/bytes.ts'
import { malformedAt } from './cursor.ts'

export interface ApeSignature {
  /** Of the key; its numbers are those of the format. */
  readonly algorithm: number
  readonly publicKey: Uint8Array
  /** By ELF machine: over its header, and over so many segments. */
  readonly machines: readonly { readonly machine: number; readonly segments: number }[]
  /** In no signature, as are the others below: anybody may change them. */
  readonly path: string
  /** Seconds since 1970. */
  readonly issued: number
  readonly expires: number
  readonly identity: string
  readonly github: string
}

export const MAX_APESIG_BYTES = 2 ** 20
const MAGIC = 0x0000110011110001n
const MAX_SIGNATURES = 1024
const MAX_MACHINES = 16
const MAX_SEGMENTS = 255
const LONGEST_NUMBER = 10

/** @throws TlogError MODEL_MALFORMED with the place, in bytes of the member */
export function parseApeSignatures(bytes: Uint8Array): ApeSignature[] {
  const record = new Record(bytes, 0)
  if (record.number('the magic') !== MAGIC) throw malformedAt(0, 'not the magic of .apesig')
  return record.list(MAX_SIGNATURES, 'signatures', parseSignature)
}

function parseSignature(record: Record): ApeSignature {
  const path = record.text('path')
  const [issued, expires] = [record.count('issued'), record.count('expires')]
  const [identity, github] = [record.text('identity'), record.text('github')]
  const key = record.record('key')
  const algorithm = key.count('algorithm')
  const publicKey = key.slice('the public key')
  const machines = record.list(MAX_MACHINES, 'machines', (elf) => {
    const machine = elf.count('machine')
    elf.record('signature')
    return { machine, segments: elf.list(MAX_SEGMENTS, 'segments', () => null).length }
  })
  return { algorithm, publicKey, machines, path, issued, expires, identity, github }
}

/** Its format lets fields be added at the end of a record: what is behind those that are known is passed over. */
class Record {
  readonly #bytes: Uint8Array
  readonly #place: number
  #at = 0

  /** @param place in the member, of the first byte */
  constructor(bytes: Uint8Array, place: number) {
    this.#bytes = bytes
    this.#place = place
  }

  /** Unsigned LEB128, of 64 bits. */
  number(what: string): bigint {
    let value = 0n
    for (let i = 0; i < LONGEST_NUMBER; i++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value
    }
    throw this.#malformed(`${what}: not a number that ends`)
  }

  count(what: string): number {
    const value = this.number(what)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#malformed(`${what}: ${value}`)
    return Number(value)
  }

  text(what: string): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0) throw this.#malformed(`${what}: no NUL behind it`)
    const text = parseUtf8(this.#bytes.subarray(this.#at, end))
    this.#at = end + 1
    return text
  }

  slice(what: string): Uint8Array {
    const length = this.count(what)
    if (length > this.#bytes.length - this.#at) throw this.#malformed(`${what}: ${length} bytes, and fewer are left`)
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  record(what: string): Record {
    const bytes = this.slice(what)
    return new Record(bytes, this.#place + this.#at - bytes.length)
  }

  list<T>(max: number, what: string, read: (item: Record) => T): T[] {
    const count = this.count(what)
    if (count > max) throw this.#malformed(`${count} ${what}, of at most ${max}`)
    return Array.from({ length: count }, () => read(this.record(what)))
  }

  #malformed(why: string) {
    return malformedAt(this.#place + this.#at, why)
  }
}
