/** What a witness signs: a time and a head of a log (c2sp.org/tlog-cosignature). Checking one, with keys, is floor 2. */

import { concat, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Subtree } from '../../kernel/proof.ts'
import type { Checkpoint } from './checkpoint.ts'

/** The part of a note's signature behind the key ID. */
export interface Cosignature {
  /** Seconds since 1970, at most 2^53-1. Zero: the witness does not say that it knows of no larger tree. */
  readonly time: number
  readonly signature: Uint8Array
}

/** A cosignature that is older says little of today: C2SP asks for it to be renewed. */
export const RENEW_MS = 10 * 60_000

const TIME_BYTES = 8
const MAX_NAME_BYTES = 255
const SUBTREE_LABEL = utf8('subtree/v1\n\0')

/** @throws TlogError NOTE_MALFORMED unless a time up to 2^53-1 and a signature of `length` bytes. */
export function parseCosignature(bytes: Uint8Array, length: number): Cosignature {
  if (bytes.length !== TIME_BYTES + length)
    throw new TlogError('NOTE_MALFORMED', `a cosignature of ${bytes.length} bytes, not ${TIME_BYTES + length}`)
  const time = new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0)
  if (time > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TlogError('NOTE_MALFORMED', 'a cosignature with a time above 2^53-1 seconds')
  return { time: Number(time), signature: bytes.subarray(TIME_BYTES) }
}

/** What stands behind the key ID. @throws TlogError NOTE_MALFORMED unless the time is a whole number up to 2^53-1. */
export function formatCosignature({ time, signature }: Cosignature): Uint8Array {
  if (!Number.isSafeInteger(time) || time < 0)
    throw new TlogError('NOTE_MALFORMED', `a cosignature with the time ${time}, not seconds up to 2^53-1`)
  return concat(uint64(time), signature)
}

/**
 * As formatCosignature, of part of a tree. The time of 0 in front is what the specification says today; C2SP's #345 would
 * have it gone, and then it goes here and nowhere else.
 */
export function formatSubtreeCosignature(signature: Uint8Array): Uint8Array {
  return formatCosignature({ time: 0, signature })
}

/** Ed25519, cosignature/v1: the whole text of the checkpoint, as received, with its extension lines. */
export function cosignedText(time: number, text: Uint8Array): Uint8Array {
  return concat(utf8(`cosignature/v1\ntime ${time}\n`), text)
}

/**
 * ML-DSA-44, subtree/v1: the whole tree as a subtree. It has no place for extension lines.
 * @throws TlogError NOTE_MALFORMED for a name or an origin above 255 bytes, or a checkpoint with extension lines.
 */
export function cosignedTree(time: number, cosigner: string, checkpoint: Checkpoint): Uint8Array {
  if (checkpoint.extensions.length > 0)
    throw new TlogError('NOTE_MALFORMED', 'an ML-DSA-44 cosignature does not cover the extension lines')
  const { size, root } = checkpoint
  return treeMessage({ cosigner, time, origin: checkpoint.origin }, { start: 0, end: size, root })
}

/** ML-DSA-44, subtree/v1: part of a tree. Its time is 0: nothing is said of the largest tree. Throws as cosignedTree does. */
export function cosignedSubtree(cosigner: string, origin: string, subtree: Subtree): Uint8Array {
  return treeMessage({ cosigner, time: 0, origin }, subtree)
}

interface TreeContext {
  readonly cosigner: string
  readonly time: number
  readonly origin: string
}

type TreePart = { readonly start: number; readonly end: number; readonly root: Uint8Array }

function treeMessage({ cosigner, time, origin }: TreeContext, { start, end, root }: TreePart): Uint8Array {
  return concat(SUBTREE_LABEL, named(cosigner), uint64(time), named(origin), uint64(start), uint64(end), root)
}

function named(text: string): Uint8Array {
  const bytes = utf8(text)
  if (bytes.length > MAX_NAME_BYTES)
    throw new TlogError('NOTE_MALFORMED', `a name of ${bytes.length} bytes, at most ${MAX_NAME_BYTES}`)
  return concat(Uint8Array.of(bytes.length), bytes)
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}
