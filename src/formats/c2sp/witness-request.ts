/** What a witness is asked: to cosign a checkpoint, or a part of its tree (c2sp.org/tlog-witness). */

import { type Hash, hash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { base64, concat, parseBase64, parseDecimal, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Subtree } from '../../kernel/proof.ts'
import { located } from '../located.ts'

/** The body of `add-checkpoint`. Nothing about it has been checked but its form. */
export interface AddCheckpoint {
  /** Of the tree that the log last saw cosigned; 0: it knows of none. */
  readonly old: TreeSize
  /** From `old` to the size of the checkpoint. */
  readonly proof: readonly Hash[]
  /** The checkpoint as a signed note, unparsed: a view into the body. */
  readonly note: Uint8Array
}

/** The body of `sign-subtree`. */
export interface SignSubtree {
  readonly subtree: Subtree
  readonly proof: readonly Hash[]
  /** The checkpoint that the subtree belongs to, with a cosignature of the witness: a view into the body. */
  readonly note: Uint8Array
}

const MAX_HASHES = 63
/** The first line, two of a subtree, 63 hashes of 45 bytes. */
const MAX_HEAD_BYTES = 4096
const NEWLINE = 0x0a

/** @throws TlogError REQUEST_MALFORMED on another spelling, or more than 63 hashes. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const { lines, note } = split(body)
  const [first = '', ...proof] = lines
  const [, old = ''] = /^old ([0-9]+)$/.exec(first) ?? []
  return { old: at('line 1', () => treeSize(parseDecimal(old))), proof: parseProof(proof, 2), note }
}

/** @throws TlogError REQUEST_MALFORMED when `parseAddCheckpoint` would refuse it. */
export function formatAddCheckpoint({ old, proof, note }: AddCheckpoint): Uint8Array {
  checkCount(proof.length)
  return concat(utf8(`old ${old}\n${proof.map(hashLine).join('')}\n`), note)
}

/** @throws TlogError REQUEST_MALFORMED on another spelling, or more than 63 hashes. Whether it is a subtree is not looked at. */
export function parseSignSubtree(body: Uint8Array): SignSubtree {
  const { lines, note } = split(body)
  const [first = '', root = '', ...proof] = lines
  const [, start = '', end = ''] = /^subtree ([0-9]+) ([0-9]+)$/.exec(first) ?? []
  const subtree = {
    start: at<LeafIndex>('line 1', () => leafIndex(parseDecimal(start))),
    end: at<TreeSize>('line 1', () => treeSize(parseDecimal(end))),
    root: at<Hash>('line 2', () => hash(parseBase64(root))),
  }
  return { subtree, proof: parseProof(proof, 3), note }
}

/** At the first blank line: the note behind it is split at its last one, and may have others in its text. */
function split(body: Uint8Array): { readonly lines: readonly string[]; readonly note: Uint8Array } {
  const head = body.subarray(0, MAX_HEAD_BYTES)
  const end = head.findIndex((byte, i) => byte === NEWLINE && head[i + 1] === NEWLINE)
  if (end < 0) throw malformed(`no blank line in the first ${MAX_HEAD_BYTES} bytes`)
  const text = at('header', () => parseUtf8(head.subarray(0, end)))
  return { lines: text.split('\n'), note: body.subarray(end + 2) }
}

function parseProof(lines: readonly string[], firstLine: number): readonly Hash[] {
  checkCount(lines.length)
  return lines.map((line, i) => at(`line ${firstLine + i}`, () => hash(parseBase64(line))))
}

function checkCount(hashes: number): void {
  if (hashes > MAX_HASHES) throw malformed(`${hashes} hashes, at most ${MAX_HASHES}`)
}

function hashLine(node: Hash): string {
  return `${base64(node)}\n`
}

function at<T>(place: string, read: () => T): T {
  return located('REQUEST_MALFORMED', place, read)
}

function malformed(why: string): TlogError {
  return new TlogError('REQUEST_MALFORMED', `not a request to a witness: ${why}`)
}
