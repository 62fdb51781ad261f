/** Both sides of `#crypto`, which every table runs through. That they fit one interface is checked by the compiler here. */

import { readFileSync } from 'node:fs'
import type { Crypto } from '../../src/crypto/crypto.ts'
import * as node from '../../src/crypto/node.ts'
import * as portable from '../../src/crypto/portable.ts'
import { type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { TlogError } from '../../src/kernel/error.ts'

export const SIDES: readonly (readonly [name: string, side: Crypto])[] = [
  ['node', node],
  ['portable', portable],
]

export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (two) => Number(`0x${two}`))

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8'))
}

export function readDer(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../vectors/x509/${name}.der`, import.meta.url)))
}

export function readKey(name: string): PublicKey {
  return parseSpki(readDer(`key-${name}`))
}

/** 'good', or code and message of the refusal. Any other exception is a bug and fails the test. */
export async function outcome(check: () => unknown): Promise<string> {
  try {
    await check()
    return 'good'
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

/** The bytes with one bit turned. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  const at = Math.floor(bit / 8) % out.length
  out[at] = (out[at] ?? 0) ^ (1 << (bit % 8))
  return out
}
