/**
 * Keys that logs sign checkpoints with, in the one line form of a verifier key. Those of Rekor v1 have it too, as other tools
 * write them (type 0x02): NAME is the host, ID begins the SHA-256 of the key, and the key is a SubjectPublicKeyInfo.
 */

import { sha256 } from '#sha256'
import { base64, concat, hex, parseBase64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { isKeyName } from './c2sp/note.ts'
import { formatVkey, parseVkey, type Vkey } from './c2sp/vkey.ts'
import { located } from './located.ts'
import { formatSpki, parseSpki } from './pki/spki.ts'

export type LogKey =
  | { readonly kind: 'note'; readonly vkey: Vkey }
  /** Of the trees of a host. DER. */
  | { readonly kind: 'rekor'; readonly host: string; readonly spki: Uint8Array }

const REKOR_TYPE = 2
const MAX_LENGTH = 8192

/** @throws TlogError VKEY_MALFORMED, KEY_MALFORMED, KEY_NOT_ALLOWED */
export function parseLogKey(text: string): LogKey {
  if (text.length > MAX_LENGTH) throw malformed(`${text.length} characters, at most ${MAX_LENGTH}`)
  const [, host = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(Aj[A-Za-z0-9+/=]+)$/.exec(text) ?? []
  if (encoded === '') return { kind: 'note', vkey: parseVkey(text) }
  const bytes = located('VKEY_MALFORMED', 'the key', () => parseBase64(encoded))
  const spki = bytes.subarray(1)
  if (bytes[0] !== REKOR_TYPE || !isKeyName(host)) throw malformed('expected HOST+ID+KEY')
  if (hex(sha256(spki).subarray(0, 4)) !== id) throw malformed(`the ID of ${host} is not ${id}`)
  return { kind: 'rekor', host, spki: parseSpki(spki).der }
}

export function formatLogKey(key: LogKey): string {
  if (key.kind === 'note') return formatVkey(key.vkey)
  const { host, spki } = key
  return `${host}+${hex(sha256(spki).subarray(0, 4))}+${base64(concat(Uint8Array.of(REKOR_TYPE), spki))}`
}

/**
 * The key that the clients of a log's dialect check with, as DER: of two it is the ECDSA key.
 * @throws TlogError VKEY_MALFORMED, BASE64_MALFORMED
 */
export function clientKey(log: { readonly vkey: string; readonly ecdsaKey?: string | null }): Uint8Array {
  const { vkey, ecdsaKey = null } = log
  return ecdsaKey === null ? formatSpki({ kind: 'ed25519', bytes: parseVkey(vkey).publicKey }) : parseBase64(ecdsaKey)
}

function malformed(why: string): TlogError {
  return new TlogError('VKEY_MALFORMED', `not a key of a log: ${why}`)
}
