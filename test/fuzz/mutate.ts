/**
 * Inputs made of inputs. Beside bytes, what the formats are made of is changed as such: lines, numbers, words of the
 * source, parts of JSON, base64 from the inside, DER with its lengths put right again.
 */

import { mutateDer } from './mutate-der.ts'
import type { Random } from './random.ts'

export interface Material {
  readonly random: Random
  /** Inputs to take parts from. */
  readonly corpus: readonly Uint8Array[]
  /** Literals of the parser's source. */
  readonly words: readonly string[]
  readonly maxBytes: number
}

/** A change of `bytes`; `depth` is how many layers of base64 it may still look into. */
type Mutator = (bytes: Buffer, material: Material, depth: number) => Buffer

/** One to eight changes on top of one another. */
export function mutate(bytes: Uint8Array, material: Material): Uint8Array {
  const { random, maxBytes } = material
  let out: Buffer = Buffer.from(bytes)
  for (let left = 1 << random.below(4); left > 0; left--) out = once(out, material, 3)
  return new Uint8Array(out.subarray(0, maxBytes))
}

function once(bytes: Buffer, material: Material, depth: number): Buffer {
  return material.random.pick(MUTATORS)(bytes, material, depth)
}

const INTERESTING = [0x00, 0x01, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2b, 0x2f, 0x30, 0x3d, 0x5c, 0x7f, 0x80, 0x85, 0xff]
const NUMBERS = ['', '0', '-0', '00', '-1', '1e3', '255', '256', '65536', '4294967296', '9007199254740991'].concat([
  '9007199254740992',
  '9223372036854775808',
  '18446744073709551616',
  '1.5',
  '9'.repeat(40),
])
/** White space, marks and letters that look like others to some parser. */
const RUNES = [
  '\u2014',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\u0660',
  '\u212a',
  '\ufffd',
  '\u{10000}',
  '\0',
  '\r\n',
]

const flipBit: Mutator = (bytes, { random }) =>
  edited(bytes, (out) => {
    const bit = random.below(out.length * 8)
    out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  })

const setByte: Mutator = (bytes, { random }) =>
  edited(bytes, (out) => {
    out[random.below(out.length)] = random.once(2) ? random.pick(INTERESTING) : random.below(256)
  })

const insertBytes: Mutator = (bytes, { random }) => {
  const added = Buffer.from(Array.from({ length: 1 + random.below(4) }, () => random.below(256)))
  return put(bytes, random.below(bytes.length + 1), 0, added)
}

const remove: Mutator = (bytes, { random }) => {
  const [start, length] = span(bytes, random)
  return put(bytes, start, length, Buffer.alloc(0))
}

const repeat: Mutator = (bytes, { random }) => {
  const [start, length] = span(bytes, random)
  const part = bytes.subarray(start, start + length)
  return put(bytes, random.below(bytes.length + 1), 0, Buffer.concat(Array(1 + random.below(3)).fill(part)))
}

const splice: Mutator = (bytes, { random, corpus }) => {
  const other = Buffer.from(corpus.length === 0 ? bytes : random.pick(corpus))
  if (random.once(2)) return Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other])
  const [from, length] = span(other, random)
  return put(bytes, ...span(bytes, random), other.subarray(from, from + length))
}

const word: Mutator = (bytes, { random, words }) => {
  const text = random.pick(random.once(4) || words.length === 0 ? RUNES : words)
  const [start, length] = random.once(2) ? [random.below(bytes.length + 1), 0] : span(bytes, random)
  return put(bytes, start, length, Buffer.from(text))
}

const number: Mutator = (bytes, material) => {
  const { random } = material
  return within(bytes, /\d{1,40}/g, random, (digits) => {
    if (random.once(2)) return random.pick(NUMBERS)
    return String(Number(digits) + random.pick([-1, 1, 255, 256]))
  })
}

/** What stands between brackets or quotes, gone or twice. */
const part: Mutator = (bytes, { random }) => {
  const what = random.pick([/"[^"]*"\s*:\s*/g, /"[^"]*"/g, /\{[^{}]*\},?/g, /\[[^[\]]*\],?/g, /,/g])
  return within(bytes, what, random, (found) => random.pick(['', found + found, 'null', '""', '{}', '[]', '0']))
}

const line: Mutator = (bytes, { random }) => {
  const lines = bytes.toString('latin1').split('\n')
  const [at, other] = [random.below(lines.length), random.below(lines.length)]
  const [one = '', two = ''] = [lines[at], lines[other]]
  const how = random.below(4)
  if (how === 0) lines.splice(at, 1)
  else if (how === 1) lines.splice(at, 0, two)
  else if (how === 2) lines.splice(at, 1, one, '')
  else [lines[at], lines[other]] = [two, one]
  return Buffer.from(lines.join('\n'), 'latin1')
}

/** Looks into base64, changes what is inside, and closes it again. */
const inside: Mutator = (bytes, material, depth) => {
  if (depth === 0) return flipBit(bytes, material, depth)
  return within(bytes, /[A-Za-z0-9+/]{8,}={0,2}/g, material.random, (encoded) =>
    once(Buffer.from(encoded, 'base64'), material, depth - 1).toString('base64'),
  )
}

const der: Mutator = (bytes, material, depth) =>
  Buffer.from(
    mutateDer(bytes, material.random, (value) => material.random.pick(PLAIN)(Buffer.from(value), material, depth)),
  )

const PLAIN = [flipBit, setByte, insertBytes, remove, repeat, word]
const MUTATORS = [...PLAIN, splice, number, part, line, inside, inside, der, der]

function edited(bytes: Buffer, edit: (out: Buffer) => void): Buffer {
  const out = Buffer.from(bytes.length === 0 ? [0] : bytes)
  edit(out)
  return out
}

function put(bytes: Buffer, at: number, length: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + length)])
}

/** A part of the input: mostly a short one. */
function span(bytes: Uint8Array, random: Random): [start: number, length: number] {
  const start = random.below(bytes.length + 1)
  const longest = random.once(4) ? bytes.length - start : Math.min(16, bytes.length - start)
  return [start, random.below(longest + 1)]
}

/** One of the places that match, replaced. */
function within(bytes: Buffer, what: RegExp, random: Random, change: (found: string) => string): Buffer {
  const text = bytes.toString('latin1')
  const found = [...text.matchAll(what)]
  if (found.length === 0) return bytes
  const match = random.pick(found)
  const changed = Buffer.from(change(match[0]), 'latin1')
  return put(bytes, match.index, match[0].length, changed)
}
