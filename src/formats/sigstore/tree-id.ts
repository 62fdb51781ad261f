/** How a Rekor v1 log names its trees: a number, its origin, and the IDs of its entries (sigstore/rekor pkg/sharding). */

import { hex, parseHex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

/** From 1 to 2^63-1: Go reads it as a signed number. */
export type TreeId = bigint

export interface EntryId {
  /** Null: the ID does not say which tree. */
  readonly treeId: TreeId | null
  readonly leafHash: Uint8Array
}

const ORIGIN = /^(?<host>[^ ]+) - (?<treeId>[1-9][0-9]{0,18})$/

/** The first line of a tree's checkpoints. */
export function formatTreeOrigin(host: string, treeId: TreeId): string {
  return `${host} - ${treeId}`
}

/** @throws TlogError CHECKPOINT_MALFORMED */
export function parseTreeOrigin(origin: string): { readonly host: string; readonly treeId: TreeId } {
  const { host, treeId } = ORIGIN.exec(origin)?.groups ?? {}
  if (host === undefined || treeId === undefined)
    throw new TlogError('CHECKPOINT_MALFORMED', `not the origin of a Rekor v1 tree: ${origin.slice(0, 64)}`)
  return { host, treeId: BigInt(treeId) }
}

/** The name of a tree's key that is no ECDSA key: names hold no spaces. */
export function formatTreeKeyName(host: string, treeId: TreeId): string {
  return `${host}/${treeId}`
}

/** The key name of a tree by its origin, or null where the origin is not that of a tree. */
export function treeKeyName(origin: string): string | null {
  const { host, treeId } = ORIGIN.exec(origin)?.groups ?? {}
  return host === undefined || treeId === undefined ? null : formatTreeKeyName(host, BigInt(treeId))
}

/** The host of a log's origin, whichever its dialect. */
export function hostOfOrigin(origin: string): string {
  return ORIGIN.exec(origin)?.groups?.host ?? origin
}

/** A number that nobody chose: the key is random, and so is what is made of its hash. */
export function treeIdOfKey(keyHash: Uint8Array): TreeId {
  const number = BigInt(`0x${hex(keyHash.subarray(0, 8))}`) & (2n ** 63n - 1n)
  return number === 0n ? 1n : number
}

/** 80 hex digits: the tree's number in 16, the leaf's hash in 64. */
export function formatEntryId(treeId: TreeId, leafHash: Uint8Array): string {
  return treeId.toString(16).padStart(16, '0') + hex(leafHash)
}

/** Either an entry ID or a leaf's hash alone, in either case. @throws TlogError HEX_MALFORMED */
export function parseEntryId(text: string): EntryId {
  const [, tree, leaf] = /^([0-9a-f]{16})?([0-9a-f]{64})$/.exec(text.toLowerCase()) ?? []
  if (leaf === undefined) throw new TlogError('HEX_MALFORMED', 'an entry ID has 64 or 80 hex digits')
  const treeId = tree === undefined ? null : BigInt(`0x${tree}`)
  if (treeId !== null && (treeId === 0n || treeId >= 2n ** 63n))
    throw new TlogError('HEX_MALFORMED', 'the first 16 of 80 hex digits are a tree, from 1 to 2^63-1')
  return { treeId, leafHash: parseHex(leaf) }
}
