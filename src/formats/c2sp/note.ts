/** Signed notes: a text and the lines that sign it (c2sp.org/signed-note). Opening one, with keys, is floor 2. */

import { base64, concat, parseBase64, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { located } from '../located.ts'

/** One signature line, taken apart. Nothing about it has been checked against a key. */
export interface NoteSignature {
  /** The key's name. */
  readonly name: string
  /** The key's ID, 0 … 2^32-1: four bytes of a hash, a hint and no proof of who signed. */
  readonly keyId: number
  /** At least one byte; its form depends on the key's type. */
  readonly signature: Uint8Array
}

export interface Note {
  /** The signed bytes, up to and including the newline before the blank line. */
  readonly text: Uint8Array
  /** In the order of the lines; the same key may stand twice. */
  readonly signatures: readonly NoteSignature[]
}

const MAX_NOTE_BYTES = 1024 * 1024
const MAX_SIGNATURES = 100
const NEWLINE = 0x0a
// biome-ignore lint/suspicious/noControlCharactersInRegex: a note may hold no control character below U+0020 but the newline
const CONTROL = /[\0-\x09\x0b-\x1f]/
const LINE = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/

/** Whether `name` may name a key: not empty, no Unicode white space (`\s` is another set), no plus sign. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+\p{Surrogate}]/u.test(name) && !CONTROL.test(name)
}

/**
 * Splits a note at its last blank line. `text` is a view into `bytes`.
 *
 * @throws TlogError NOTE_MALFORMED when above 1 MiB or 100 signatures, not UTF-8, with a control character other than
 *   newline, without a signature, or when any line is not the one spelling of its signature.
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_NOTE_BYTES}`)
  const blank = lastBlankLine(bytes)
  const text = bytes.subarray(0, blank)
  checkText(text)
  const lines = located('NOTE_MALFORMED', 'signatures', () => parseUtf8(bytes.subarray(blank + 1))).split('\n')
  if (lines.pop() !== '') throw malformed('the last signature line does not end in a newline')
  checkCount(lines.length)
  const signatures = lines.map((line, i) =>
    located('NOTE_MALFORMED', `signature ${i + 1}`, () => parseSignatureLine(`${line}\n`)),
  )
  return { text, signatures }
}

/** @throws TlogError NOTE_MALFORMED when `parseNote` would refuse the result. */
export function formatNote(note: Note): Uint8Array {
  checkText(note.text)
  checkCount(note.signatures.length)
  const bytes = concat(note.text, utf8(`\n${note.signatures.map(formatSignatureLine).join('')}`))
  if (bytes.length > MAX_NOTE_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_NOTE_BYTES}`)
  return bytes
}

/**
 * Parses `— NAME BASE64` with its newline; the base64 holds the key ID in four bytes, then the signature.
 *
 * @throws TlogError NOTE_MALFORMED on any other spelling.
 */
export function parseSignatureLine(line: string): NoteSignature {
  const [, name = '', encoded = ''] = LINE.exec(line.endsWith('\n') ? line.slice(0, -1) : '') ?? []
  if (!isKeyName(name)) throw malformed('not a signature line')
  const bytes = located('NOTE_MALFORMED', 'signature', () => parseBase64(encoded))
  if (bytes.length < 5) throw malformed(`${bytes.length} bytes hold no key ID and signature`)
  return { name, keyId: uint32(bytes), signature: bytes.subarray(4) }
}

/** @throws TlogError NOTE_MALFORMED on a name, key ID or signature that no line can hold. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw malformed(`not a key name: ${JSON.stringify(name.slice(0, 64))}`)
  if (signature.length === 0) throw malformed('an empty signature')
  return `\u2014 ${name} ${base64(concat(keyIdBytes(keyId), signature))}\n`
}

/** Four bytes, big-endian. @throws TlogError NOTE_MALFORMED unless 0 … 2^32-1. */
export function keyIdBytes(keyId: number): Uint8Array {
  const bytes = new Uint8Array(4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, keyId)
  if (view.getUint32(0) !== keyId) throw malformed(`not a key ID: ${keyId}`)
  return bytes
}

/** The big-endian number in the first four bytes. */
export function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
}

/** The offset of the last empty line: bytes before it are the text, the signatures begin one after. */
function lastBlankLine(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i > 0; i--) if (bytes[i] === NEWLINE && bytes[i - 1] === NEWLINE) return i
  throw malformed('no blank line between text and signatures')
}

function checkCount(signatures: number): void {
  if (signatures === 0) throw malformed('no signature')
  if (signatures > MAX_SIGNATURES) throw malformed(`more than ${MAX_SIGNATURES} signatures`)
}

function checkText(text: Uint8Array): void {
  if (text.at(-1) !== NEWLINE) throw malformed('the text does not end in a newline')
  if (CONTROL.test(located('NOTE_MALFORMED', 'text', () => parseUtf8(text))))
    throw malformed('control character in the text')
}

function malformed(why: string): TlogError {
  return new TlogError('NOTE_MALFORMED', `not a signed note: ${why}`)
}
