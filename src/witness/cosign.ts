/** The lines that a witness gives (c2sp.org/tlog-cosignature): made of values that were checked, never of bytes that came. */

import { type Checkpoint, formatCheckpoint } from '../formats/c2sp/checkpoint.ts'
import {
  cosignedSubtree,
  cosignedText,
  cosignedTree,
  formatCosignature,
  formatSubtreeCosignature,
} from '../formats/c2sp/cosignature.ts'
import type { NoteSignature } from '../formats/c2sp/note.ts'
import type { Vkey } from '../formats/c2sp/vkey.ts'
import type { Subtree } from '../kernel/proof.ts'
import type { WitnessKey, WitnessKeys } from './ports.ts'

/**
 * One line a key: this is the largest tree of the log that the witness knows.
 * @param time seconds since 1970, at least 1
 * @throws TlogError NOTE_MALFORMED for a checkpoint with extension lines, or an origin above 255 bytes
 */
export async function cosign(
  { ed25519, mlDsa44 }: WitnessKeys,
  checkpoint: Checkpoint,
  time: number,
): Promise<readonly NoteSignature[]> {
  return await Promise.all([
    line(ed25519, time, cosignedText(time, formatCheckpoint(checkpoint))),
    line(mlDsa44, time, cosignedTree(time, mlDsa44.vkey.name, checkpoint)),
  ])
}

/** By the one key whose form has a place for it. Says nothing of the largest tree: its time is 0. Throws as cosign does. */
export async function cosignSubtree(
  { mlDsa44 }: WitnessKeys,
  origin: string,
  subtree: Subtree,
): Promise<NoteSignature> {
  const { vkey, sign } = mlDsa44
  return lineOf(vkey, formatSubtreeCosignature(await sign(cosignedSubtree(vkey.name, origin, subtree))))
}

async function line({ vkey, sign }: WitnessKey, time: number, message: Uint8Array): Promise<NoteSignature> {
  return lineOf(vkey, formatCosignature({ time, signature: await sign(message) }))
}

function lineOf({ name, keyId }: Vkey, signature: Uint8Array): NoteSignature {
  return { name, keyId, signature }
}
