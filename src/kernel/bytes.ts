/** Bytes and their text spellings. Every reader accepts one spelling. */

import { TlogError } from './error.ts'

const encoder = new TextEncoder()
// ignoreBOM: a decoder that drops a BOM parses other bytes than were signed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** @throws TlogError UTF8_MALFORMED on any invalid sequence; nothing is replaced. */
export function parseUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new TlogError('UTF8_MALFORMED', 'not valid UTF-8')
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function hex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += HEX[byte]
  return out
}

/** @throws TlogError HEX_MALFORMED unless lowercase, two digits a byte. */
export function parseHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new TlogError('HEX_MALFORMED', 'not lowercase hex')
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = valuesOf(ALPHABET)
const URL_VALUES = valuesOf(`${ALPHABET.slice(0, 62)}-_`)

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(255)
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i
  return values
}

const DIGITS = Uint8Array.from(ALPHABET, (digit) => digit.charCodeAt(0))
const PADDING = 0x3d // =

/** RFC 4648 §4, padded. Text is made once, at the end: a leaf is encoded for every receipt, and pieces would be garbage. */
export function base64(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3)
  const out = new Uint8Array(4 * Math.ceil(bytes.length / 3))
  let at = 0
  for (let i = 0; i < whole; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out[at++] = DIGITS[bits >> 18] as number
    out[at++] = DIGITS[(bits >> 12) & 63] as number
    out[at++] = DIGITS[(bits >> 6) & 63] as number
    out[at++] = DIGITS[bits & 63] as number
  }
  const [a, b] = [bytes[whole], bytes[whole + 1]]
  if (a !== undefined) {
    out[at++] = DIGITS[a >> 2] as number
    out[at++] = DIGITS[((a & 3) << 4) | ((b ?? 0) >> 4)] as number
    out[at++] = b === undefined ? PADDING : (DIGITS[(b & 15) << 2] as number)
    out[at] = PADDING
  }
  return decoder.decode(out)
}

/** @throws TlogError BASE64_MALFORMED unless RFC 4648 §4 with padding, no white space, zero pad bits. */
export function parseBase64(text: string): Uint8Array {
  return decode(text, VALUES)
}

/** As parseBase64, of the URL-safe alphabet (RFC 4648 §5), padded all the same. */
export function parseBase64Url(text: string): Uint8Array {
  return decode(text, URL_VALUES)
}

function decode(text: string, values: Uint8Array): Uint8Array {
  const pad = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (text.length % 4 !== 0) throw malformed('length not a multiple of 4')
  const out = new Uint8Array((text.length / 4) * 3 - pad)
  const end = text.length - pad
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    const value = code < 128 ? (values[code] ?? 255) : 255
    if (value === 255) throw malformed(`unexpected character at ${i}`)
    bits = ((bits << 6) | value) & 0xfff
    held += 6
    if (held >= 8) {
      held -= 8
      out[at++] = bits >> held
    }
  }
  if ((bits & ((1 << held) - 1)) !== 0) throw malformed('non-zero bits after the last byte')
  return out
}

function malformed(why: string): TlogError {
  return new TlogError('BASE64_MALFORMED', `not standard padded base64: ${why}`)
}

/**
 * Decimal digits without sign or leading zero.
 * @throws TlogError DECIMAL_MALFORMED on another spelling, SIZE_OUT_OF_RANGE above 2^53-1.
 */
export function parseDecimal(text: string): number {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text))
    throw new TlogError('DECIMAL_MALFORMED', `not a decimal number: ${text.slice(0, 24)}`)
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new TlogError('SIZE_OUT_OF_RANGE', `${text} is above 2^53-1`)
  return value
}
