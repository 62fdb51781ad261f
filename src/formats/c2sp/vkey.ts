/** Verifier keys of signed notes: NAME+ID+BASE64(type || key) (c2sp.org/signed-note, tlog-cosignature). */

import { sha256 } from '#sha256'
import { base64, concat, hex, parseBase64, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { located } from '../located.ts'
import { isKeyName, keyIdBytes, uint32 } from './note.ts'

/** What a key signs and how: the first byte of its encoding. */
export const KEY_TYPE = {
  /** Ed25519 over the text of a note. */
  ed25519: 0x01,
  /** Ed25519 over a time and a checkpoint: a witness's cosignature/v1. */
  cosignature: 0x04,
  /** ML-DSA-44 over a time and a (sub)tree. */
  mlDsa44: 0x06,
} as const

export type KeyType = (typeof KEY_TYPE)[keyof typeof KEY_TYPE]

export interface Vkey {
  readonly name: string
  /** Derived from the other three; see `keyId`. */
  readonly keyId: number
  readonly type: KeyType
  readonly publicKey: Uint8Array
}

/** Bytes of a public key. */
const KEY_LENGTH: ReadonlyMap<number, number> = new Map([
  [KEY_TYPE.ed25519, 32],
  [KEY_TYPE.cosignature, 32],
  [KEY_TYPE.mlDsa44, 1312],
])

/** What an ML-DSA-44 cosignature holds of its cosigner's name: with a longer one nothing could ever be signed. */
const MAX_COSIGNER_BYTES = 255

/** @throws TlogError VKEY_MALFORMED on another spelling, an unknown type, a wrong length, or an ID that is not the key's. */
export function parseVkey(text: string): Vkey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? []
  if (!isKeyName(name)) throw malformed('expected NAME+ID+KEY')
  const bytes = located('VKEY_MALFORMED', name, () => parseBase64(encoded))
  const vkey = createVkey(name, bytes[0] ?? 0, bytes.subarray(1))
  if (hex(keyIdBytes(vkey.keyId)) !== id)
    throw malformed(`the ID of ${name} is ${hex(keyIdBytes(vkey.keyId))}, not ${id}`)
  return vkey
}

export function formatVkey({ name, keyId, type, publicKey }: Vkey): string {
  return `${name}+${hex(keyIdBytes(keyId))}+${base64(concat(Uint8Array.of(type), publicKey))}`
}

/** @throws TlogError VKEY_MALFORMED on a name no key may have, an unknown type, or a key or name of the wrong length. */
export function createVkey(name: string, type: number, publicKey: Uint8Array): Vkey {
  if (!isKeyName(name)) throw malformed(`not a key name: ${JSON.stringify(name.slice(0, 64))}`)
  const length = KEY_LENGTH.get(type)
  if (length === undefined) throw malformed(`${name} is of unknown type ${type}`)
  if (publicKey.length !== length) throw malformed(`${name} has ${publicKey.length} bytes, not ${length}`)
  if (type === KEY_TYPE.mlDsa44 && utf8(name).length > MAX_COSIGNER_BYTES)
    throw malformed(`a name of ${utf8(name).length} bytes, at most ${MAX_COSIGNER_BYTES} with ML-DSA-44`)
  return { name, keyId: keyId(name, type, publicKey), type: type as KeyType, publicKey }
}

/** The first four bytes, big-endian, of SHA-256(name LF type key). The same key under two types has two IDs. */
export function keyId(name: string, type: number, publicKey: Uint8Array): number {
  return uint32(keyHash(name, type, publicKey))
}

/** A Sigstore log ID: all 32 bytes of the hash that the key ID begins, for the Ed25519 key of a Rekor v2 log. */
export function logId(origin: string, publicKey: Uint8Array): Uint8Array {
  return keyHash(origin, KEY_TYPE.ed25519, publicKey)
}

function keyHash(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey))
}

function malformed(why: string): TlogError {
  return new TlogError('VKEY_MALFORMED', `not a verifier key: ${why}`)
}
