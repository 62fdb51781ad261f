/** DER changed from the inside: a value somewhere in the tree, and every length above it put right. */

import { formatDer } from '../../src/formats/pki/der.ts'
import { concat } from '../../src/kernel/bytes.ts'
import type { Random } from './random.ts'

interface Item {
  readonly tag: number
  readonly value: Uint8Array
}

const TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x30, 0x31, 0x80, 0x82, 0x86, 0xa0, 0xa1, 0xa3]
const BIT_STRING = 0x03

export function mutateDer(bytes: Uint8Array, random: Random, plain: (value: Uint8Array) => Uint8Array): Uint8Array {
  const items = itemsOf(bytes)
  if (items === null) return plain(bytes)
  const at = random.below(items.length)
  const item = items[at] as Item
  if (random.once(4)) return join(rearranged(items, at, random))
  const changed = { tag: item.tag, value: changedValue(item, random, plain) }
  return join(items.map((one, i) => (i === at ? changed : one)))
}

function changedValue({ tag, value }: Item, random: Random, plain: (value: Uint8Array) => Uint8Array): Uint8Array {
  // A key stands in a BIT STRING behind one byte.
  const skipped = tag === BIT_STRING ? 1 : 0
  if (itemsOf(value.subarray(skipped)) === null || random.once(8)) return plain(value)
  return concat(value.subarray(0, skipped), mutateDer(value.subarray(skipped), random, plain))
}

function rearranged(items: readonly Item[], at: number, random: Random): readonly Item[] {
  const item = items[at] as Item
  const how = random.below(4)
  if (how === 0) return items.filter((_, i) => i !== at)
  if (how === 1) return [...items.slice(0, at), item, ...items.slice(at)]
  if (how === 2) return items.map((one, i) => (i === at ? { ...one, tag: random.pick(TAGS) } : one))
  return [...items.slice(0, at), random.pick(items), ...items.slice(at)]
}

function join(items: readonly Item[]): Uint8Array {
  return concat(...items.map(({ tag, value }) => formatDer(tag, value)))
}

/** At least one value and nothing after, or null. */
function itemsOf(bytes: Uint8Array): Item[] | null {
  const items: Item[] = []
  for (let at = 0; at < bytes.length; ) {
    const [tag = 0, first] = bytes.subarray(at, at + 2)
    if (first === undefined || first > 0x84 || first === 0x80) return null
    const count = first < 0x80 ? 0 : first - 0x80
    const start = at + 2 + count
    const length = count === 0 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
    if (start + length > bytes.length) return null
    items.push({ tag, value: bytes.subarray(start, start + length) })
    at = start + length
  }
  return items.length === 0 ? null : items
}
