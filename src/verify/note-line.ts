/** Lines of a note that a known key must have signed (c2sp.org/signed-note, tlog-cosignature). */

import { verifyEd25519 } from '#crypto'
import type { Checkpoint } from '../formats/c2sp/checkpoint.ts'
import { cosignedText, cosignedTree, parseCosignature } from '../formats/c2sp/cosignature.ts'
import type { Note } from '../formats/c2sp/note.ts'
import { KEY_TYPE, type Vkey } from '../formats/c2sp/vkey.ts'
import { TlogError } from '../kernel/error.ts'
import type { VerifyMlDsa44 } from './ports.ts'

const ED25519_BYTES = 64
const ML_DSA_44_BYTES = 2420

/** A checkpoint as it came: its note taken apart, its text read. Nothing has been checked. */
export interface ReceivedCheckpoint {
  readonly note: Note
  readonly checkpoint: Checkpoint
}

/** What a line that verified says. */
export interface SignedLine {
  /** Seconds since 1970; null for a plain signature, which has no time. Zero: the signer names none. */
  readonly time: number | null
}

/**
 * The line of a key, or null where the note has none: lines of other keys are no concern of ours. Each line of the key
 * must verify, the first one counts.
 *
 * @throws TlogError SIGNATURE_INVALID, naming the key; CHECK_UNAVAILABLE for a line of ML-DSA-44 without `mlDsa44`.
 */
export async function openLine(
  vkey: Vkey,
  received: ReceivedCheckpoint,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<SignedLine | null> {
  const lines = received.note.signatures.filter(({ name, keyId }) => name === vkey.name && keyId === vkey.keyId)
  let first: SignedLine | null = null
  for (const { signature } of lines) {
    const line = await checked(vkey, received, signature, mlDsa44)
    first ??= line
  }
  return first
}

async function checked(
  vkey: Vkey,
  received: ReceivedCheckpoint,
  signature: Uint8Array,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<SignedLine> {
  try {
    if (vkey.type === KEY_TYPE.mlDsa44) return await checkTree(vkey, received.checkpoint, signature, mlDsa44)
    return await checkText(vkey, received.note.text, signature)
  } catch (error) {
    if (!(error instanceof TlogError) || error.code === 'CHECK_UNAVAILABLE') throw error
    throw new TlogError('SIGNATURE_INVALID', `the line of ${vkey.name}: ${error.message}`, { cause: error })
  }
}

async function checkText(vkey: Vkey, text: Uint8Array, bytes: Uint8Array): Promise<SignedLine> {
  if (vkey.type === KEY_TYPE.ed25519) {
    await verifyEd25519(vkey.publicKey, text, bytes)
    return { time: null }
  }
  const { time, signature } = parseCosignature(bytes, ED25519_BYTES)
  await verifyEd25519(vkey.publicKey, cosignedText(time, text), signature)
  return { time }
}

async function checkTree(
  vkey: Vkey,
  checkpoint: Checkpoint,
  bytes: Uint8Array,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<SignedLine> {
  if (mlDsa44 === null)
    throw new TlogError('CHECK_UNAVAILABLE', `the line of ${vkey.name} is ML-DSA-44, which cannot be checked here`)
  const { time, signature } = parseCosignature(bytes, ML_DSA_44_BYTES)
  if (!(await mlDsa44(vkey.publicKey, cosignedTree(time, vkey.name, checkpoint), signature)))
    throw new TlogError('SIGNATURE_INVALID', 'the signature does not verify')
  return { time }
}
