/** Checks that both sides refuse, and good ones to change. */

import { createSign, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { algorithmForKey, algorithmOf } from '../../src/crypto/algorithms.ts'
import type { DigestCheck } from '../../src/crypto/crypto.ts'
import { toBigInt } from '../../src/crypto/curves.ts'
import { digest } from '../../src/crypto/portable.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import { bigEndian } from './ecdsa.ts'
import { flip, readKey } from './sides.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const message: Uint8Array = randomBytes(40)

export function checkOf(keys: typeof p256, name = 'sha256', content = message): DigestCheck & { message: Uint8Array } {
  const key = parseSpki(new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' })))
  const signature = new Uint8Array(sign(name, content, keys.privateKey))
  const algorithm = algorithmForKey(key)
  return { algorithm, key, signature, digest: digest('SHA2_256', content), message: content }
}

/** Signatures vary with the message until one leaves room for the modulus on top of it. */
function aboveModulus(): DigestCheck {
  for (let i = 0; i < 10_000; i++) {
    const check = checkOf(rsa, 'sha256', new TextEncoder().encode(`${i}`))
    if (check.key.kind !== 'rsa') break
    const sum = toBigInt(check.signature) + toBigInt(check.key.modulus)
    if (sum < 2n ** 2048n) return { ...check, signature: bigEndian(sum, 256) }
  }
  throw new Error('no signature is small enough')
}

/** A check, and the reason for which it is refused. */
export type Refusal = readonly [what: string, check: DigestCheck, reason: RegExp]

/** What does not go together: seen before any arithmetic. */
export function malformed(): Refusal[] {
  const [ec, good] = [checkOf(p256), checkOf(rsa)]
  const other = algorithmOf('PKIX_ECDSA_P384_SHA_384')
  return [
    ['another curve', { ...ec, algorithm: other }, /^KEY_NOT_ALLOWED PKIX_ECDSA_P384_SHA_384 .* ECDSA P-256$/],
    ['another kind', { ...ec, key: good.key }, /^KEY_NOT_ALLOWED PKIX_ECDSA_P256_SHA_256 .* RSA-2048$/],
    ['another size', { ...good, key: readKey('rsa3072') }, /^KEY_NOT_ALLOWED .*2048_SHA256 .* RSA-3072$/],
    ['Ed25519', { ...ec, key: readKey('ed25519') }, /^KEY_NOT_ALLOWED .* Ed25519$/],
    ['no digest', { ...ec, digest: new Uint8Array(0) }, /^DIGEST_LENGTH_INVALID .* 32 bytes \(SHA2_256\), not 0$/],
    ['a SHA-1', { ...ec, digest: new Uint8Array(20) }, /^DIGEST_LENGTH_INVALID .* not 20$/],
    ['a SHA-512', { ...good, digest: new Uint8Array(64) }, /^DIGEST_LENGTH_INVALID .* not 64$/],
    ['an RSA signature cut', { ...good, signature: good.signature.subarray(1) }, /^SIGNATURE_INVALID .* 255 bytes$/],
    [
      'an RSA signature with a zero',
      { ...good, signature: padded(good.signature) },
      /^SIGNATURE_INVALID .* 257 bytes$/,
    ],
  ]
}

/** Signatures of the right form by an RSA key that do not verify. */
export function wrongRsa(): Refusal[] {
  const good = checkOf(rsa)
  const bad = /^SIGNATURE_INVALID the signature does not verify/
  const pss = createSign('sha256').update(message).sign({ key: rsa.privateKey, padding: 6, saltLength: 32 })
  return [
    ['another digest', { ...good, digest: flip(good.digest, 100) }, bad],
    ['another signature', { ...good, signature: flip(good.signature, 2000) }, bad],
    ['another key', { ...good, key: readKey('rsa2048') }, bad],
    ['not below the modulus', { ...good, signature: new Uint8Array(256).fill(0xff) }, bad],
    ['zero', { ...good, signature: new Uint8Array(256) }, bad],
    ['a good one plus the modulus', aboveModulus(), bad],
    ['signed over SHA-1', checkOf(rsa, 'sha1'), bad],
    ['PSS', { ...good, signature: new Uint8Array(pss) }, bad],
  ]
}

function padded(signature: Uint8Array): Uint8Array {
  return Uint8Array.from([0, ...signature])
}
