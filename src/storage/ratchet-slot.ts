/** The bytes of a ratchet file: two slots, each whole in itself, so that a torn write spoils one alone. */

import { createHash } from 'node:crypto'
import { hash, treeSize } from '../kernel/brand.ts'
import { equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Mark } from '../log/ports.ts'

/** Whose memory a ratchet is. `keyId` names the log's key: the four bytes of its vkey, or its Rekor log ID. */
export interface RatchetIdentity {
  readonly origin: string
  readonly keyId: Uint8Array
}

export interface Slot {
  /** One more than the other slot's when this one is the newer. */
  readonly sequence: number
  readonly mark: Mark
}

/** A slot fills a 4 KiB block of its own: a drive that tears a block tears no other. */
export const SLOT_BYTES = 4096
const CHECKED_BYTES = SLOT_BYTES - 32
const MAGIC = utf8('colophon/ratchet')
const VERSION = 1

/**
 * Shape, big-endian: 16 bytes "colophon/ratchet", uint64 version (1), 32 bytes identity, uint64 sequence, uint64 size,
 * 32 bytes root, zeros to 4064, SHA-256 of all before it.
 */
export function formatSlot(identity: RatchetIdentity, slot: Slot): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setBigUint64(16, BigInt(VERSION))
  bytes.set(identityHash(identity), 24)
  view.setBigUint64(56, BigInt(slot.sequence))
  view.setBigUint64(64, BigInt(slot.mark.size))
  bytes.set(slot.mark.root, 72)
  bytes.set(sha256(bytes.subarray(0, CHECKED_BYTES)), CHECKED_BYTES)
  return bytes
}

/**
 * The slot, or null when its checksum is wrong: torn or corrupt.
 * @throws TlogError RATCHET_REFUSED when it is whole but of another version or of another log.
 */
export function parseSlot(identity: RatchetIdentity, bytes: Uint8Array): Slot | null {
  if (bytes.length !== SLOT_BYTES) return null
  if (!equal(sha256(bytes.subarray(0, CHECKED_BYTES)), bytes.subarray(CHECKED_BYTES))) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!equal(bytes.subarray(0, 16), MAGIC)) return null
  if (view.getBigUint64(16) !== BigInt(VERSION))
    throw new TlogError('RATCHET_REFUSED', `version ${view.getBigUint64(16)}: this program writes version ${VERSION}`)
  if (!equal(bytes.subarray(24, 56), identityHash(identity)))
    throw new TlogError('RATCHET_REFUSED', `belongs to another log than ${identity.origin}`)
  const mark = { size: treeSize(Number(view.getBigUint64(64))), root: hash(bytes.slice(72, 104)) }
  const slot = { sequence: Number(view.getBigUint64(56)), mark }
  return equal(formatSlot(identity, slot), bytes) ? slot : null
}

/** Of any log's, whole and of this version. */
export function isOfEmptyTree(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return (
    equal(sha256(bytes.subarray(0, CHECKED_BYTES)), bytes.subarray(CHECKED_BYTES)) &&
    equal(bytes.subarray(0, 16), MAGIC) &&
    view.getBigUint64(16) === BigInt(VERSION) &&
    view.getBigUint64(64) === 0n
  )
}

/** The origin's length stands before it, so that no two pairs have the same bytes. */
function identityHash({ origin, keyId }: RatchetIdentity): Uint8Array {
  const name = utf8(origin)
  return createHash('sha256').update(`${name.length}:`).update(name).update(keyId).digest()
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
