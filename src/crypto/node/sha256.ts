/** SHA-256 by OpenSSL: what `#sha256` is in Node. */

import { hash } from 'node:crypto'

/** 32 bytes, in a memory of their own. By way of a string, since a Buffer costs twice as much as the hash itself. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary')
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i)
  return digest
}
