/** Checkpoints: a head as the text of a signed note (c2sp.org/tlog-checkpoint). */

import { type Hash, hash, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { base64, equal, parseBase64, parseDecimal, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { EMPTY_ROOT } from '../../kernel/hash.ts'
import { located } from '../located.ts'

export interface Checkpoint {
  /** The log's name for itself: often, not always, a URL without its scheme. May hold spaces. */
  readonly origin: string
  readonly size: TreeSize
  readonly root: Hash
  /** Lines after the root, none of them empty. Opaque; ML-DSA cosignatures do not cover them. */
  readonly extensions: readonly string[]
}

/**
 * Parses the text of a note, final newline included. Verify the bytes you received, never a checkpoint printed back.
 *
 * @throws TlogError CHECKPOINT_MALFORMED on another spelling, a size above 2^53-1, or a size 0 without the empty root.
 */
export function parseCheckpoint(text: Uint8Array): Checkpoint {
  const checkpoint = parseClaimedCheckpoint(text)
  check(checkpoint)
  return checkpoint
}

/**
 * As parseCheckpoint, but a size of 0 may come with any root: to a witness that is well formed, and a proof that fails
 * (c2sp.org/tlog-witness). Not to be signed as it is: `formatCheckpoint` would refuse it.
 *
 * @throws TlogError CHECKPOINT_MALFORMED
 */
export function parseClaimedCheckpoint(text: Uint8Array): Checkpoint {
  const lines = located('CHECKPOINT_MALFORMED', 'text', () => parseUtf8(text)).split('\n')
  if (lines.pop() !== '') throw malformed('the last line does not end in a newline')
  const [origin, size, root, ...extensions] = lines
  if (origin === undefined || size === undefined || root === undefined) throw malformed('fewer than three lines')
  const checkpoint: Checkpoint = {
    origin,
    size: located('CHECKPOINT_MALFORMED', 'line 2', () => treeSize(parseDecimal(size))),
    root: located('CHECKPOINT_MALFORMED', 'line 3', () => hash(parseBase64(root))),
    extensions,
  }
  checkLines(checkpoint)
  return checkpoint
}

/** The text of the note that signs it. @throws TlogError CHECKPOINT_MALFORMED when `parseCheckpoint` would refuse it. */
export function formatCheckpoint(checkpoint: Checkpoint): Uint8Array {
  check(checkpoint)
  const { origin, size, root, extensions } = checkpoint
  return utf8(`${[origin, size, base64(root), ...extensions].join('\n')}\n`)
}

function check(checkpoint: Checkpoint): void {
  checkLines(checkpoint)
  if (checkpoint.size === 0 && !equal(checkpoint.root, EMPTY_ROOT))
    throw malformed('line 3: a tree of size 0 has another root')
}

function checkLines({ origin, extensions }: Checkpoint): void {
  if (!isLine(origin)) throw malformed('line 1: an origin must not be empty or hold a control character')
  extensions.forEach((line, i) => {
    if (!isLine(line)) throw malformed(`line ${i + 4}: an extension must not be empty or hold a control character`)
  })
}

/** Lone surrogates would be printed as U+FFFD, and another line signed than meant. */
function isLine(text: string): boolean {
  return text !== '' && !/[\p{Control}\p{Surrogate}]/u.test(text)
}

function malformed(why: string): TlogError {
  return new TlogError('CHECKPOINT_MALFORMED', `not a checkpoint: ${why}`)
}
