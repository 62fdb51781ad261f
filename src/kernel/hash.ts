/** The two hashes of the tree (RFC 6962 §2.1, RFC 9162 §2.1.1), with SHA-256. */

import { sha256 } from '#sha256'
import { type Hash, hash, type LeafHash } from './brand.ts'
import { concat } from './bytes.ts'

/** The root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = hash(sha256(new Uint8Array()))

const LEAF_PREFIX = Uint8Array.of(0)

/** SHA-256(0x00 || entry). The prefix keeps an entry from posing as a node. */
export function leafHash(entry: Uint8Array): LeafHash {
  return hash(sha256(concat(LEAF_PREFIX, entry))) as LeafHash
}

// One buffer for all nodes: the server's hot path. Filled and read within one synchronous call.
const node = new Uint8Array(65)
node[0] = 1

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  node.set(left, 1)
  node.set(right, 33)
  return hash(sha256(node))
}
