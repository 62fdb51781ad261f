/**
 * Checkpoints signed with the log's Ed25519 key (c2sp.org/signed-note, type 0x01), its line first; for Rekor v1's clients
 * with an ECDSA key too, on a line of its own.
 */

import { signEcdsa, signEd25519, verifyEd25519 } from '#crypto'
import { sha256 } from '#sha256'
import type { EcdsaKey, SigningKey } from '../crypto/crypto.ts'
import { formatNote, type NoteSignature, parseNote, uint32 } from '../formats/c2sp/note.ts'
import { formatVkey, parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { type Promised, promisedBytes } from '../formats/sigstore/promise.ts'
import { TlogError } from '../kernel/error.ts'
import type { Signer } from './ports.ts'

/** An ECDSA key, and its name in notes. Its ID is the start of its key's hash, as in Rekor v1 alone. */
export interface NamedEcdsaKey {
  readonly name: string
  readonly key: EcdsaKey
}

/** @param vkey of type Ed25519; `key` is its private half. */
export function createSigner(vkey: Vkey, key: SigningKey, ecdsa: NamedEcdsaKey | null = null): Signer {
  return {
    async sign(text) {
      const own: NoteSignature = { name: vkey.name, keyId: vkey.keyId, signature: await signEd25519(key, text) }
      const signatures = ecdsa === null ? [own] : [own, await ecdsaLine(ecdsa, text)]
      return formatNote({ text, signatures })
    },
    open: (note) => openNote(vkey, note),
    ...(ecdsa !== null && { promise: (entry: Promised) => signEcdsa(ecdsa.key, promisedBytes(entry)) }),
  }
}

/** `open` of the log that has this verifier key: its private half is not needed. @throws TlogError VKEY_MALFORMED */
export function openerOf(encoded: string): Signer['open'] {
  const vkey = parseVkey(encoded)
  return (note) => openNote(vkey, note)
}

async function ecdsaLine({ name, key }: NamedEcdsaKey, text: Uint8Array): Promise<NoteSignature> {
  return { name, keyId: uint32(sha256(key.spki)), signature: await signEcdsa(key, text) }
}

/**
 * The text of a note that the key signed. Lines of others are not looked at.
 * @throws TlogError NOTE_MALFORMED, SIGNATURE_UNKNOWN_KEY, SIGNATURE_INVALID
 */
export async function openNote(vkey: Vkey, note: Uint8Array): Promise<Uint8Array> {
  const { text, signatures } = parseNote(note)
  const own = signatures.find((line) => line.name === vkey.name && line.keyId === vkey.keyId)
  if (own === undefined) throw new TlogError('SIGNATURE_UNKNOWN_KEY', `no signature by ${formatVkey(vkey)}`)
  await verifyEd25519(vkey.publicKey, text, own.signature)
  return text
}
