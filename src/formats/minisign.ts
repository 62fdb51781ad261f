/**
 * Keys and detached signatures of minisign and signify (jedisct1.github.io/minisign), which differ in comments alone. A key
 * ID is a hint that nothing authenticates; here both parts must give the same one.
 */

import { base64, concat, equal, parseBase64, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ed25519Key, formatSpki } from './pki/spki.ts'

export interface MinisignKey {
  /** 8 bytes. */
  readonly id: Uint8Array
  readonly key: Ed25519Key
}

export interface MinisignSignature {
  readonly keyId: Uint8Array
  /** 64 bytes, Ed25519. */
  readonly bytes: Uint8Array
  /** Over the message's BLAKE2b-512, as minisign signs by default; else over the message. */
  readonly isPrehashed: boolean
}

const KEY_BYTES = 2 + 8 + 32
const SIGNATURE_BYTES = 2 + 8 + 64
const GLOBAL_BYTES = 64
/** A trusted comment has 8 KiB at most, the other one KiB. */
const MAX_CHARACTERS = 16 * 1024
const PURE = utf8('Ed')
const PREHASHED = utf8('ED')

/** @param text the file, or its base64 alone. @throws TlogError KEY_MALFORMED, BASE64_MALFORMED */
export function parseMinisignKey(text: string): MinisignKey {
  const lines = linesOf(text)
  const bytes = parseBase64(lines.at(-1) ?? '')
  if (lines.length > 2 || bytes.length !== KEY_BYTES || !equal(bytes.subarray(0, 2), PURE))
    throw new TlogError('KEY_MALFORMED', 'not a minisign public key')
  const raw = { kind: 'ed25519', bytes: bytes.subarray(10) } as const
  return { id: bytes.subarray(2, 10), key: { ...raw, der: formatSpki(raw) } }
}

/** Its base64 alone. */
export function formatMinisignKey({ id, key }: MinisignKey): string {
  return base64(concat(PURE, id, key.bytes))
}

/**
 * Two lines, as signify writes them, or four, of which the last two, the trusted comment and what signs it, are not read.
 * @throws TlogError SIGNATURE_INVALID, BASE64_MALFORMED
 */
export function parseMinisignSignature(text: string): MinisignSignature {
  const lines = linesOf(text)
  const [, line = '', , global] = lines
  const bytes = parseBase64(line)
  const isPrehashed = equal(bytes.subarray(0, 2), PREHASHED)
  const isSignature = bytes.length === SIGNATURE_BYTES && (isPrehashed || equal(bytes.subarray(0, 2), PURE))
  if (!isSignature || (lines.length !== 2 && lines.length !== 4))
    throw new TlogError('SIGNATURE_INVALID', 'not a minisign signature')
  if (global !== undefined && parseBase64(global).length !== GLOBAL_BYTES)
    throw new TlogError('SIGNATURE_INVALID', 'the signature of the trusted comment is none')
  return { keyId: bytes.subarray(2, 10), bytes: bytes.subarray(10), isPrehashed }
}

/** As signify would write it, without a comment and without a line end behind. */
export function formatMinisignSignature({ keyId, bytes, isPrehashed }: MinisignSignature): string {
  return `untrusted comment:\n${base64(concat(isPrehashed ? PREHASHED : PURE, keyId, bytes))}`
}

function linesOf(text: string): string[] {
  const lines = text.slice(0, MAX_CHARACTERS).replaceAll('\r\n', '\n').split('\n')
  while (lines.at(-1) === '') lines.pop()
  return text.length > MAX_CHARACTERS ? [] : lines
}
