/** A dialect for measurements: entries of the usual size and keys, each made from its number alone, and signed by nobody. */

import { createHash } from 'node:crypto'
import { sha256 } from '../src/crypto/node/sha256.ts'
import { digestKey, identityKey, publicKeyKey } from '../src/formats/lookup-key.ts'
import { utf8 } from '../src/kernel/bytes.ts'
import type { Entry } from '../src/log/ports.ts'
import { entryUnder } from './fill.ts'

export const SYNTHETIC = 'synthetic'
/** Of a leaf: a hashedrekord with a certificate has about as many. */
const LEAF_BYTES = 700
/** Who signs: each signs every so manieth entry, with a key of its own every time. */
const IDENTITIES = 10_000

/** Of which each leaf has a piece in place of certificate and signature. */
const NOISE = createHash('shake256', { outputLength: 2 ** 20 })
  .update('noise')
  .digest('base64')

/** The n-th request's leaf, and what it is found by: an artifact, a key and an identity. */
export function syntheticEntry(n: number): Entry {
  const digest = artifactDigest(n)
  const head = `{"kind":"${SYNTHETIC}","n":${n},"digest":"${Buffer.from(digest).toString('base64')}","signature":"`
  const from = (n * 7919) % (NOISE.length - LEAF_BYTES)
  const leaf = utf8(`${head}${NOISE.slice(from, from + LEAF_BYTES - head.length - 2)}"}`)
  return entryUnder(leaf, digestKey('sha256', digest), publicKeyKey(utf8(`key ${n}`)), identityOf(n))
}

/** One entry alone is found by it. */
export function artifactKey(n: number): Uint8Array {
  return digestKey('sha256', artifactDigest(n))
}

/** The entries n, n + 10,000, … are found by it. */
export function identityOf(n: number): Uint8Array {
  return identityKey('https://issuer.example', { type: 'email', value: `signer-${n % IDENTITIES}@example.org` })
}

function artifactDigest(n: number): Uint8Array {
  return sha256(utf8(`artifact ${n}`))
}
