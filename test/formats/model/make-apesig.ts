/** `.apesig` files, as apesign writes them. */

import { concat, utf8 } from '../../../src/kernel/bytes.ts'

export interface ApesigParts {
  readonly path?: string
  readonly issued?: number
  readonly expires?: number
  readonly identity?: string
  readonly github?: string
  readonly key?: Uint8Array
  readonly machines?: readonly number[]
  /** Behind the fields that are known. */
  readonly more?: Uint8Array
}

export function apesig(...signatures: readonly ApesigParts[]): Uint8Array {
  const all = signatures.length === 0 ? [{}] : signatures
  return concat(number(0x0000110011110001n), listOf(all.map(signature)))
}

function signature({
  path = 'toy',
  issued = 0,
  expires = 0,
  identity = '',
  github = '',
  key = new Uint8Array(32).fill(7),
  machines = [62],
  more = new Uint8Array(),
}: ApesigParts): Uint8Array {
  const signed = concat(number(1), record(new Uint8Array(64)))
  const segment = concat(number(1), number(5), record(signed))
  const elf = (machine: number) => concat(number(machine), record(signed), listOf([segment, segment]))
  return concat(
    ...[text(path), number(issued), number(expires), text(identity), text(github)],
    ...[record(concat(number(1), record(key))), listOf(machines.map(elf)), more],
  )
}

const text = (value: string) => concat(utf8(value), Uint8Array.of(0))
const record = (bytes: Uint8Array) => concat(number(bytes.length), bytes)
const listOf = (items: readonly Uint8Array[]) => concat(number(items.length), ...items.map(record))

export function number(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  for (let left = BigInt(value); ; left >>= 7n) {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0))
    if (left <= 0x7fn) return Uint8Array.from(bytes)
  }
}
