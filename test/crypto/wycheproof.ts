/** Project Wycheproof's vectors, and where our policy is narrower. */

import { readJson } from './sides.ts'

export interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly msg: string
  readonly sig: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

export interface Suite {
  readonly testGroups: readonly { readonly publicKeyDer: string; readonly tests: readonly Vector[] }[]
}

/** Number of vectors whose key our policy refuses (exponent 3), and flags of 'acceptable' ones; we accept none of them. */
export const FILES = [
  { file: 'ecdsa_secp256r1_sha256_test.json', refusedKeys: 0, acceptable: [] },
  { file: 'ecdsa_secp384r1_sha384_test.json', refusedKeys: 0, acceptable: [] },
  { file: 'ecdsa_secp521r1_sha512_test.json', refusedKeys: 0, acceptable: [] },
  { file: 'rsa_signature_2048_sha256_test.json', refusedKeys: 2, acceptable: ['MissingNull'] },
  { file: 'rsa_signature_3072_sha256_test.json', refusedKeys: 1, acceptable: ['MissingNull'] },
  { file: 'rsa_signature_4096_sha256_test.json', refusedKeys: 0, acceptable: ['MissingNull'] },
]

export const readSuite = (file: string): Suite => readJson(`wycheproof/${file}`)

export interface Ed25519Suite {
  readonly testGroups: readonly { readonly publicKey: { readonly pk: string }; readonly tests: readonly Vector[] }[]
}

export const readEd25519Suite = (): Ed25519Suite => readJson('wycheproof/ed25519_test.json')
