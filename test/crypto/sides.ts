/** Both sides of `#crypto`, which every table runs through. That they fit one interface is checked by the compiler here. */

import { readFileSync } from 'node:fs'
import type { Crypto } from '../../src/crypto/crypto.ts'
import * as node from '../../src/crypto/node.ts'
import * as portable from '../../src/crypto/portable.ts'
import { type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'

export { flip, fromHex, outcome } from './outcome.ts'

export const SIDES: readonly (readonly [name: string, side: Crypto])[] = [
  ['node', node],
  ['portable', portable],
]

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8'))
}

export function readDer(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../vectors/x509/${name}.der`, import.meta.url)))
}

export function readKey(name: string): PublicKey {
  return parseSpki(readDer(`key-${name}`))
}
