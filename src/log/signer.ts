/** Checkpoints signed with the log's Ed25519 key (c2sp.org/signed-note, type 0x01), the log's line first. */

import { signEd25519, verifyEd25519 } from '#crypto'
import type { SigningKey } from '../crypto/crypto.ts'
import { formatNote, parseNote } from '../formats/c2sp/note.ts'
import { formatVkey, parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { TlogError } from '../kernel/error.ts'
import type { Signer } from './ports.ts'

/** @param vkey of type Ed25519; `key` is its private half. */
export function createSigner(vkey: Vkey, key: SigningKey): Signer {
  return {
    async sign(text) {
      const signature = await signEd25519(key, text)
      return formatNote({ text, signatures: [{ name: vkey.name, keyId: vkey.keyId, signature }] })
    },
    open: (note) => openNote(vkey, note),
  }
}

/** `open` of the log that has this verifier key: its private half is not needed. @throws TlogError VKEY_MALFORMED */
export function openerOf(encoded: string): Signer['open'] {
  const vkey = parseVkey(encoded)
  return (note) => openNote(vkey, note)
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
