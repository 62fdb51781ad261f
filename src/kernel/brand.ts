/** Types that are earned in one constructor each and cannot be mixed up. */

import { TlogError } from './error.ts'

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: { readonly [N in Name]: true } }

/** Any node of the tree: 32 bytes. */
export type Hash = Brand<Uint8Array, 'Hash'>
/** SHA-256(0x00 || entry). Every LeafHash is a Hash; no Hash is a LeafHash. */
export type LeafHash = Hash & Brand<Uint8Array, 'LeafHash'>
/** A count of leaves, 0 … 2^53-1. Sizes count, indexes point. */
export type TreeSize = Brand<number, 'TreeSize'>
/** The position of a leaf, 0 … 2^53-2. */
export type LeafIndex = Brand<number, 'LeafIndex'>
/** Milliseconds since 1970, UTC. */
export type UnixMillis = Brand<number, 'UnixMillis'>

/** @throws TlogError HASH_MALFORMED unless exactly 32 bytes. */
export function hash(bytes: Uint8Array): Hash {
  if (bytes.length !== 32) throw new TlogError('HASH_MALFORMED', `a hash of ${bytes.length} bytes`)
  return bytes as Hash
}

/** @throws TlogError SIZE_OUT_OF_RANGE unless a whole number from 0 to 2^53-1. */
export function treeSize(count: number): TreeSize {
  if (!Number.isSafeInteger(count) || count < 0 || Object.is(count, -0))
    throw new TlogError('SIZE_OUT_OF_RANGE', `a tree size must be a whole number from 0 to 2^53-1, not ${count}`)
  return count as TreeSize
}

/** @throws TlogError INDEX_OUT_OF_RANGE unless a whole number from 0 to 2^53-2. */
export function leafIndex(position: number): LeafIndex {
  if (!Number.isSafeInteger(position + 1) || !Number.isInteger(position) || position < 0 || Object.is(position, -0))
    throw new TlogError('INDEX_OUT_OF_RANGE', `a leaf index must be a whole number from 0 to 2^53-2, not ${position}`)
  return position as LeafIndex
}

/** @throws TlogError TIME_OUT_OF_RANGE unless a whole number of milliseconds from 0 to 2^53-1. */
export function unixMillis(ms: number): UnixMillis {
  if (!Number.isSafeInteger(ms) || ms < 0) throw new TlogError('TIME_OUT_OF_RANGE', `not a time in milliseconds: ${ms}`)
  return ms as UnixMillis
}
