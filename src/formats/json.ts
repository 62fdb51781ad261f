/** JSON (RFC 8259), read strictly: a document that two parsers could read differently is refused. */

import { parseUtf8 } from '../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** Without a prototype: `__proto__` and `constructor` are keys like any other. */
export type JsonObject = { readonly [key: string]: JsonValue }
/** Where a value stands in its document, from the root: keys and positions. */
export type JsonPath = readonly (string | number)[]

export interface JsonLimits {
  /** How many arrays and objects may enclose a value. */
  readonly maxDepth?: number
  /** How many values the document may have in all: each costs a hundred times its two bytes. */
  readonly maxValues?: number
  /** Whether integers are the only numbers, in their one spelling: not 5.0, 5e0 or -0. */
  readonly integersOnly?: boolean
  /** Whether an integer that has no exact value here is the nearest double: for documents of which no number is read. */
  readonly inexact?: boolean
}

export const JSON_MAX_DEPTH = 32
export const JSON_MAX_VALUES = 100_000

/**
 * Parses one document; its length is for the caller to bound. Offsets in messages count UTF-16 units.
 *
 * A number with neither fraction nor exponent is an integer and must be exact, but for `inexact`; any other is the nearest double.
 *
 * @throws TlogError UTF8_MALFORMED on invalid UTF-8.
 * @throws TlogError JSON_MALFORMED on bad syntax, a byte order mark, a lone surrogate or anything after the value.
 * @throws TlogError JSON_DUPLICATE_KEY, JSON_TOO_DEEP, JSON_TOO_LARGE; JSON_NUMBER_UNSAFE on an integer beyond ±(2^53-1), an infinity, or a
 *   number that `integersOnly` does not take.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonValue {
  return new JsonReader(parseUtf8(bytes), limits).document()
}

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A path as messages spell it: `spec.signatures[2].content`. Long keys are cut, odd ones quoted. */
export function formatJsonPath(path: JsonPath): string {
  let out = ''
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`
    else if (!/^\w{1,64}$/.test(step)) out += `[${JSON.stringify(step.slice(0, 64))}]`
    else out += out === '' ? step : `.${step}`
  }
  return out === '' ? 'the document' : out
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
const HEX4 = /^[0-9a-fA-F]{4}$/
const LONE_SURROGATE = /\p{Surrogate}/u
const ESCAPES = '"\\/bfnrt'

/** A position in one text. Recursion is bounded by `maxDepth`, and so is what a hostile document costs. */
class JsonReader {
  private readonly text: string
  private readonly maxDepth: number
  private readonly integersOnly: boolean
  private readonly inexact: boolean
  private valuesLeft: number
  private readonly path: (string | number)[] = []
  private at = 0

  constructor(text: string, limits: JsonLimits) {
    const { maxDepth = JSON_MAX_DEPTH, maxValues = JSON_MAX_VALUES, integersOnly = false, inexact = false } = limits
    this.text = text
    this.maxDepth = maxDepth
    this.valuesLeft = maxValues
    this.integersOnly = integersOnly
    this.inexact = inexact
  }

  document(): JsonValue {
    const value = this.value()
    if (!Number.isNaN(this.peek())) throw this.malformed('text after the value')
    return value
  }

  private value(): JsonValue {
    const code = this.peek()
    if (--this.valuesLeft < 0) throw this.error('JSON_TOO_LARGE', 'too many values', this.at)
    if (code === QUOTE) return this.string()
    if (code === OPEN_OBJECT) return this.object()
    if (code === OPEN_ARRAY) return this.array()
    if (this.skipWord('true')) return true
    if (this.skipWord('false')) return false
    if (this.skipWord('null')) return null
    return this.number()
  }

  private object(): JsonObject {
    const object: { [key: string]: JsonValue } = Object.create(null)
    this.enter()
    if (this.skip(CLOSE_OBJECT)) return object
    do {
      if (this.peek() !== QUOTE) throw this.malformed('a key was expected')
      const start = this.at
      const key = this.string()
      this.path.push(key)
      if (key in object) throw this.error('JSON_DUPLICATE_KEY', 'duplicate key', start)
      if (!this.skip(COLON)) throw this.malformed('":" was expected')
      object[key] = this.value()
      this.path.pop()
    } while (this.skip(COMMA))
    if (!this.skip(CLOSE_OBJECT)) throw this.malformed('"," or "}" was expected')
    return object
  }

  private array(): JsonValue[] {
    const array: JsonValue[] = []
    this.enter()
    if (this.skip(CLOSE_ARRAY)) return array
    do {
      this.path.push(array.length)
      array.push(this.value())
      this.path.pop()
    } while (this.skip(COMMA))
    if (!this.skip(CLOSE_ARRAY)) throw this.malformed('"," or "]" was expected')
    return array
  }

  /** Past an opening bracket. The path is as long as the value is deep. */
  private enter(): void {
    if (this.path.length >= this.maxDepth)
      throw this.error('JSON_TOO_DEEP', `nested deeper than ${this.maxDepth}`, this.at)
    this.at++
  }

  private string(): string {
    const { text } = this
    const start = ++this.at
    let hasEscape = false
    let at = start
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code < 0x20) throw this.error('JSON_MALFORMED', 'control character in a string', at)
      if (code !== BACKSLASH) continue
      hasEscape = true
      at += this.escapeLength(at) - 1
    }
    if (at >= text.length) throw this.error('JSON_MALFORMED', 'a string without an end', start - 1)
    this.at = at + 1
    if (!hasEscape) return text.slice(start, at)
    // Put together here, piece by piece, megabytes of escapes would take a hundred times as much.
    const out: string = JSON.parse(text.slice(start - 1, at + 1))
    if (LONE_SURROGATE.test(out)) throw this.error('JSON_MALFORMED', 'lone surrogate in the string', start - 1)
    return out
  }

  /** Of the escape sequence at `at`, which stands for one UTF-16 unit. */
  private escapeLength(at: number): number {
    const letter = this.text.charAt(at + 1)
    if (letter === 'u' && HEX4.test(this.text.slice(at + 2, at + 6))) return 6
    if (letter === '' || !ESCAPES.includes(letter)) throw this.error('JSON_MALFORMED', 'no such escape sequence', at)
    return 2
  }

  private number(): number {
    const start = this.at
    NUMBER.lastIndex = start
    const match = NUMBER.exec(this.text)
    if (match === null) throw this.malformed(start < this.text.length ? 'unexpected character' : 'unexpected end')
    this.at = NUMBER.lastIndex
    const value = Number(match[0])
    const isInteger = match[1] === undefined && match[2] === undefined
    if (isInteger && !this.inexact ? !Number.isSafeInteger(value) : !Number.isFinite(value))
      throw this.error('JSON_NUMBER_UNSAFE', `${match[0].slice(0, 32)} has no exact value here`, start)
    if (this.integersOnly && (!isInteger || match[0] !== String(value)))
      throw this.error('JSON_NUMBER_UNSAFE', `an integer was expected, not ${match[0].slice(0, 32)}`, start)
    return value
  }

  private skipWord(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  private skip(code: number): boolean {
    if (this.peek() !== code) return false
    this.at++
    return true
  }

  /** The next character that is not white space, or NaN at the end. */
  private peek(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      this.at++
    }
  }

  private malformed(why: string): TlogError {
    return this.error('JSON_MALFORMED', why, this.at)
  }

  private error(code: ErrorCode, why: string, at: number): TlogError {
    return new TlogError(code, `${formatJsonPath(this.path)}: ${why}, at character ${at}`)
  }
}
