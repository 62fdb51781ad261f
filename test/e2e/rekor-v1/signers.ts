/** Signers of every kind that Rekor v1 meets, and what each makes of a message or a digest. */

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { certificateFor, type Key } from '../../dialects/rekor-v2/support.ts'

export type HashName = 'sha256' | 'sha384' | 'sha512'

export interface Signer {
  readonly name: string
  /** The digest that hashedrekord wants for this kind of key. */
  readonly hash: HashName
  readonly pem: string
  /** The same key in a certificate, where a vector holds one of its kind. */
  readonly certificate: string | null
  /** As DSSE is signed for Rekor v1: SHA-256, or Ed25519 over the message. */
  signMessage(message: Uint8Array): Buffer
  /** As a detached signature over a file is made. */
  signFile(file: Uint8Array): Buffer
}

export function digestOf(hash: HashName, file: Uint8Array): string {
  return createHash(hash).update(file).digest('hex')
}

function signer(name: string, privateKey: KeyObject, publicKey: KeyObject, hash: HashName, about?: string): Signer {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const isEd25519 = publicKey.asymmetricKeyType === 'ed25519'
  const seed = isEd25519 ? Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url') : null
  return {
    name,
    hash,
    pem: formatPem(spki, 'PUBLIC KEY'),
    certificate: about === undefined ? null : formatPem(certificateFor({ spki } as Key, about), 'CERTIFICATE'),
    signMessage: (message) => sign(isEd25519 ? null : 'sha256', message, privateKey),
    signFile: (file) => (seed === null ? sign(hash, file, privateKey) : Buffer.from(ed25519ph.sign(file, seed))),
  }
}

function ec(namedCurve: string, hash: HashName, about?: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return signer(namedCurve, privateKey, publicKey, hash, about)
}

function rsa(modulusLength: number, about?: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return signer(`RSA-${modulusLength}`, privateKey, publicKey, 'sha256', about)
}

function ed25519(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return signer('Ed25519', privateKey, publicKey, 'sha512', 'cert-plain-ed25519')
}

export function makeSigners(): Signer[] {
  return [
    ec('P-256', 'sha256', 'cert-email-p256'),
    ec('P-256', 'sha256', 'cert-email-p256'),
    ec('P-384', 'sha384', 'cert-uri-p384'),
    ec('P-521', 'sha512', 'cert-names-p521'),
    rsa(2048, 'cert-plain-rsa2048'),
    rsa(3072),
    rsa(4096),
    ed25519(),
  ]
}

/** Those that no log takes, or that only one of two does. */
export function makeOutsiders(): Signer[] {
  return [ec('secp256k1', 'sha256'), rsa(1024)]
}
