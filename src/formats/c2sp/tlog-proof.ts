/** Proof files: where an entry is, its audit path and the checkpoint, to be verified offline (c2sp.org/tlog-proof). */

import { type Hash, hash, type LeafIndex, leafIndex } from '../../kernel/brand.ts'
import { base64, concat, parseBase64, parseDecimal, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { inclusionPlan } from '../../kernel/proof.ts'
import { located } from '../located.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { parseNote } from './note.ts'

export interface TlogProof {
  /** Opaque bytes for an application, or null. Nothing signs them: being in the file gives them no truth. */
  readonly extra: Uint8Array | null
  readonly index: LeafIndex
  /** The leaf's sibling first; as many as index and size make it. The leaf's own hash is for the verifier to compute. */
  readonly path: readonly Hash[]
  /** The signed checkpoint, verbatim. Its lines have been read, its signatures have not been checked. */
  readonly note: Uint8Array
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const EXTRA = 'extra '
const INDEX = 'index '
const MAX_BYTES = 1024 * 1024
/** Their line stays below 64 KiB, where other readers stop. */
const MAX_EXTRA_BYTES = 48_000
/** First line, extra, index, and the 53 hashes of a tree of 2^53 leaves. */
const MAX_HEADER_BYTES = 70_000
const NEWLINE = 0x0a

/**
 * Splits a file at its first blank line. `note` is a view into `bytes`.
 *
 * @throws TlogError PROOF_MALFORMED when above 1 MiB, on another spelling of any line, an index outside the checkpoint's
 *   tree, or a path of another length than its place has; with the cause when the checkpoint is at fault.
 */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  checkLength(bytes)
  const blank = firstBlankLine(bytes)
  const header = located('PROOF_MALFORMED', 'header', () => parseUtf8(bytes.subarray(0, blank - 1)))
  const [first, second = '', ...rest] = header.split('\n')
  if (first !== FIRST_LINE) throw malformed(`line 1: not ${FIRST_LINE}`)
  const extra = second.startsWith(EXTRA) ? field(second, EXTRA, 2, parseBase64) : null
  const [index = '', ...hashes] = extra === null ? [second, ...rest] : rest
  const at = extra === null ? 2 : 3
  const proof: TlogProof = {
    extra,
    index: field(index, INDEX, at, (digits) => leafIndex(parseDecimal(digits))),
    path: hashes.map((line, i) => field(line, '', at + 1 + i, (encoded) => hash(parseBase64(encoded)))),
    note: bytes.subarray(blank + 1),
  }
  check(proof)
  return proof
}

/** @throws TlogError PROOF_MALFORMED when `parseTlogProof` would refuse the result. */
export function formatTlogProof(proof: TlogProof): Uint8Array {
  check(proof)
  const { extra, index, path, note } = proof
  const lines = [FIRST_LINE, ...(extra === null ? [] : [EXTRA + base64(extra)]), INDEX + index, ...path.map(base64)]
  const bytes = concat(utf8(`${lines.join('\n')}\n\n`), note)
  checkLength(bytes)
  return bytes
}

function check({ extra, index, path, note }: TlogProof): void {
  if (extra !== null && (extra.length === 0 || extra.length > MAX_EXTRA_BYTES))
    throw malformed(`extra data has 1 to ${MAX_EXTRA_BYTES} bytes, not ${extra.length}`)
  const { size } = located('PROOF_MALFORMED', 'checkpoint', () => parseCheckpoint(parseNote(note).text))
  const hashes = located('PROOF_MALFORMED', 'index', () => inclusionPlan(index, size)).length
  if (path.length !== hashes)
    throw malformed(`leaf ${index} in a tree of ${size} has a path of ${hashes} hashes, not ${path.length}`)
}

/** What `parse` makes of a line behind its prefix. */
function field<T>(line: string, prefix: string, number: number, parse: (text: string) => T): T {
  if (!line.startsWith(prefix)) throw malformed(`line ${number}: "${prefix.trim()}" was expected`)
  return located('PROOF_MALFORMED', `line ${number}`, () => parse(line.slice(prefix.length)))
}

function checkLength(bytes: Uint8Array): void {
  if (bytes.length > MAX_BYTES) throw malformed(`${bytes.length} bytes, at most ${MAX_BYTES}`)
}

/** The offset of the first empty line's newline: the lines before it are the header, the note begins one after. */
function firstBlankLine(bytes: Uint8Array): number {
  for (let i = 1; i < bytes.length && i < MAX_HEADER_BYTES; i++)
    if (bytes[i] === NEWLINE && bytes[i - 1] === NEWLINE) return i
  throw malformed('no blank line between path and checkpoint')
}

function malformed(why: string): TlogError {
  return new TlogError('PROOF_MALFORMED', `not a proof file: ${why}`)
}
