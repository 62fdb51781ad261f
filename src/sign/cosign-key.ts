/** Private keys as `cosign generate-key-pair` writes them: PKCS #8 in NaCl's secretbox under scrypt, as JSON in PEM. */

import { scryptSync } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { invalid, literal, object, parsed, type Read } from '../formats/fields.ts'
import { type JsonValue, parseJson } from '../formats/json.ts'
import { parseBase64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

const BLOCK =
  /^-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END ENCRYPTED \1 PRIVATE KEY-----$/
const MAX_CHARACTERS = 32_768
const KEY_BYTES = 32
const NONCE_BYTES = 24

interface Sealed {
  readonly salt: Uint8Array
  readonly cost: { readonly N: number; readonly r: number; readonly p: number }
  readonly nonce: Uint8Array
  readonly box: Uint8Array
}

/** The PKCS #8 DER inside. @throws TlogError KEY_FILE_REFUSED when malformed, or the passphrase is another */
export function openCosignKey(pem: string, passphrase: string): Uint8Array {
  const { salt, cost, nonce, box } = readSealed(pem)
  const maxmem = 256 * cost.N * cost.r
  try {
    const key = scryptSync(passphrase, salt, KEY_BYTES, { ...cost, maxmem })
    return xsalsa20poly1305(key, nonce).decrypt(box)
  } catch {
    throw refused('cannot be opened: it is damaged, or the passphrase is another')
  }
}

function readSealed(pem: string): Sealed {
  const text = pem.length > MAX_CHARACTERS ? undefined : BLOCK.exec(pem.replaceAll('\r\n', '\n').trim())?.[2]
  if (text === undefined) throw refused('is not one of cosign’s')
  try {
    return sealed(parseJson(parseBase64(text.replaceAll('\n', ''))), '')
  } catch (error) {
    if (error instanceof TlogError) throw refused(`is not one of cosign's: ${error.message}`)
    throw error
  }
}

const bytes = parsed(parseBase64)

/** What cosign writes is 65,536, 8, 1; more would take memory and time that a stranger's file has no claim to. */
function power(max: number): Read<number> {
  return (value: JsonValue, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max)
      throw invalid(path, `must be from 1 to ${max}`)
    return value
  }
}

const cost = object((fields) => ({
  N: fields.required('N', power(2 ** 20)),
  r: fields.required('r', power(16)),
  p: fields.required('p', power(4)),
}))

const kdf = object((fields) => {
  fields.required('name', literal('scrypt'))
  return { cost: fields.required('params', cost), salt: fields.required('salt', bytes) }
})

const nonce: Read<Uint8Array> = (value, path) => {
  const found = bytes(value, path)
  if (found.length !== NONCE_BYTES) throw invalid(path, `${found.length} bytes, not ${NONCE_BYTES}`)
  return found
}

const cipher = object((fields) => {
  fields.required('name', literal('nacl/secretbox'))
  return { nonce: fields.required('nonce', nonce) }
})

const sealed: Read<Sealed> = object((fields) => ({
  ...fields.required('kdf', kdf),
  ...fields.required('cipher', cipher),
  box: fields.required('ciphertext', bytes),
}))

function refused(why: string): TlogError {
  return new TlogError('KEY_FILE_REFUSED', `the private key ${why}`)
}
