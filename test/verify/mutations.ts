/** Bundles with one thing changed: a bit of a decoded field, or a field less. */

import { parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { flipped } from './support.ts'

export type Path = readonly (string | number)[]

export interface Mutation<T> {
  readonly field: string
  readonly bit: number
  readonly value: T
}

/** Every leaf below `value`: byte arrays, strings and numbers. */
export function* leaves(value: unknown, path: Path = []): Generator<[Path, Uint8Array | string | number]> {
  if (value === null || value === undefined) return
  if (value instanceof Uint8Array || typeof value === 'string' || typeof value === 'number') yield [path, value]
  else for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key])
}

export interface Which {
  /** What the parser adds and no bundle says. */
  readonly made: readonly string[]
  /** Flips of a field at most, spread over it. */
  readonly most: number
}

/**
 * Each bit of each leaf flipped. Bits of a number up to 2^52; strings as their UTF-8, where a result that is none is left
 * out: nobody can parse it.
 */
export function* flips<T>(value: T, { made, most }: Which): Generator<Mutation<T>> {
  for (const [path, leaf] of leaves(value)) {
    if (made.includes(path.join('.'))) continue
    const bytes = typeof leaf === 'string' ? utf8(leaf) : leaf
    const bits = bytes instanceof Uint8Array ? bytes.length * 8 : 53
    const step = spread(bits, most)
    for (let bit = 0; bit < bits; bit += step) {
      const changed = bytes instanceof Uint8Array ? sameKind(leaf, flipped(bytes, bit)) : flippedNumber(bytes, bit)
      if (changed !== null) yield { field: path.join('.'), bit, value: replaced(value, path, changed) }
    }
  }
}

/** Odd, so that every place in a byte has its turn. */
function spread(bits: number, most: number): number {
  return bits <= most ? 1 : Math.ceil(bits / most) | 1
}

function sameKind(leaf: Uint8Array | string | number, bytes: Uint8Array): Uint8Array | string | null {
  if (typeof leaf !== 'string') return bytes
  try {
    return parseUtf8(bytes)
  } catch {
    return null
  }
}

function flippedNumber(value: number, bit: number): number {
  return Math.floor(value / 2 ** bit) % 2 === 0 ? value + 2 ** bit : value - 2 ** bit
}

/** A copy in which `leaf` stands at `path`. */
export function replaced<T>(value: T, [key, ...rest]: Path, leaf: unknown): T {
  if (key === undefined) return leaf as T
  if (Array.isArray(value)) return value.map((item, i) => (i === Number(key) ? replaced(item, rest, leaf) : item)) as T
  return { ...value, [key]: replaced((value as Record<string, unknown>)[key], rest, leaf) }
}

/** The document without one field or item, for each that there is. */
export function* removals(json: unknown, path: Path = []): Generator<{ field: string; json: unknown }> {
  if (typeof json !== 'object' || json === null) return
  for (const key of Object.keys(json)) {
    const field = [...path, key]
    yield { field: field.join('.'), json: without(json, key) }
    for (const inner of removals((json as Record<string, unknown>)[key], field))
      yield { field: inner.field, json: withValue(json, key, inner.json) }
  }
}

function without(json: object, key: string): unknown {
  if (Array.isArray(json)) return json.filter((_, i) => String(i) !== key)
  return Object.fromEntries(Object.entries(json).filter(([name]) => name !== key))
}

function withValue(json: object, key: string, value: unknown): unknown {
  if (Array.isArray(json)) return json.map((item, i) => (String(i) === key ? value : item))
  return { ...json, [key]: value }
}
