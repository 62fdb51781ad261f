/**
 * Checkpoints signed with the log's Ed25519 key (c2sp.org/signed-note, type 0x01), its line first; for Rekor v1's clients
 * with an ECDSA key too; and with an ML-DSA-44 key, in the form of a cosignature (c2sp.org/tlog-cosignature, type 0x06).
 * Each on a line of its own.
 */

import { signEcdsa, signEd25519, signMlDsa44, verifyEd25519 } from '#crypto'
import { sha256 } from '#sha256'
import type { EcdsaKey, MlDsaKey, SigningKey } from '../crypto/crypto.ts'
import { type Checkpoint, formatCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { cosignedTree, formatCosignature, parseCosignature, RENEW_MS } from '../formats/c2sp/cosignature.ts'
import { formatNote, type NoteSignature, parseNote, uint32 } from '../formats/c2sp/note.ts'
import { formatVkey, parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { type Promised, promisedBytes } from '../formats/sigstore/promise.ts'
import { TlogError } from '../kernel/error.ts'
import type { Signer } from './ports.ts'

const ML_DSA_44_BYTES = 2420

/** An ECDSA key, and its name in notes. Its ID is the start of its key's hash, as in Rekor v1 alone. */
export interface NamedEcdsaKey {
  readonly name: string
  readonly key: EcdsaKey
}

/** An ML-DSA-44 key, and its public half in the log's name. */
export interface NamedMlDsaKey {
  readonly vkey: Vkey
  readonly key: MlDsaKey
}

export interface FurtherKeys {
  readonly ecdsa?: NamedEcdsaKey | null
  readonly mlDsa?: NamedMlDsaKey | null
}

/** @param vkey of type Ed25519; `key` is its private half. */
export function createSigner(vkey: Vkey, key: SigningKey, further: FurtherKeys = {}): Signer {
  const { ecdsa = null, mlDsa = null } = further
  return {
    async sign(checkpoint, time) {
      const text = formatCheckpoint(checkpoint)
      const lines = await Promise.all([
        ed25519Line(vkey, key, text),
        ...(ecdsa === null ? [] : [ecdsaLine(ecdsa, text)]),
        ...(mlDsa === null ? [] : [mlDsaLine(mlDsa, checkpoint, time)]),
      ])
      return formatNote({ text, signatures: lines })
    },
    open: (note) => openNote(vkey, note),
    signedAt: (note) => (mlDsa === null ? 0 : timeOf(mlDsa.vkey, note)),
    renewMs: mlDsa === null ? null : RENEW_MS,
    ...(ecdsa !== null && { promise: (entry: Promised) => signEcdsa(ecdsa.key, promisedBytes(entry)) }),
  }
}

/** `open` of the log that has this verifier key: its private half is not needed. @throws TlogError VKEY_MALFORMED */
export function openerOf(encoded: string): Signer['open'] {
  const vkey = parseVkey(encoded)
  return (note) => openNote(vkey, note)
}

async function ed25519Line({ name, keyId }: Vkey, key: SigningKey, text: Uint8Array): Promise<NoteSignature> {
  return { name, keyId, signature: await signEd25519(key, text) }
}

async function ecdsaLine({ name, key }: NamedEcdsaKey, text: Uint8Array): Promise<NoteSignature> {
  return { name, keyId: uint32(sha256(key.spki)), signature: await signEcdsa(key, text) }
}

/** The whole tree as a subtree: the name, the origin and the time are in what is signed, extension lines are not. */
async function mlDsaLine(
  { vkey: { name, keyId }, key }: NamedMlDsaKey,
  checkpoint: Checkpoint,
  time: number,
): Promise<NoteSignature> {
  const signature = await signMlDsa44(key, cosignedTree(time, name, checkpoint))
  return { name, keyId, signature: formatCosignature({ time, signature }) }
}

/** @throws TlogError NOTE_MALFORMED */
function timeOf({ name, keyId }: Vkey, note: Uint8Array): number {
  const own = parseNote(note).signatures.find((line) => line.name === name && line.keyId === keyId)
  return own === undefined ? 0 : parseCosignature(own.signature, ML_DSA_44_BYTES).time
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
