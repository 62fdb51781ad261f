/** Under what a witness keeps and shows a log: SHA-256 of its origin (c2sp.org/tlog-witness). */

import { sha256 } from '#sha256'
import { utf8 } from '../kernel/bytes.ts'

/** 32 bytes. */
export function logIdOf(origin: string): Uint8Array {
  return sha256(utf8(origin))
}
