/** What no store of a witness may do, whichever way it keeps its heads. */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { CosignedHead } from '../../witness/ports.ts'

/** @throws TlogError HEAD_MOVED */
export function checkExpected(origin: string, expected: CosignedHead | null, stored: CosignedHead | null): void {
  if (!isSame(expected, stored))
    throw new TlogError('HEAD_MOVED', `${origin}: the stored head is not the one that was read: somebody else writes`)
}

/** @throws TlogError RATCHET_REFUSED */
export function checkForward(origin: string, stored: CosignedHead | null, next: CosignedHead): void {
  if (stored === null) return
  const why =
    next.size < stored.size
      ? `a tree of ${next.size} after one of ${stored.size}`
      : next.size === stored.size && !equal(next.root, stored.root)
        ? `a second root of size ${next.size}`
        : next.time < stored.time
          ? `a time of ${next.time} s after ${stored.time} s`
          : null
  if (why !== null) throw new TlogError('RATCHET_REFUSED', `${origin}: ${why} is never cosigned`)
}

function isSame(a: CosignedHead | null, b: CosignedHead | null): boolean {
  if (a === null || b === null) return a === b
  return a.size === b.size && a.time === b.time && equal(a.root, b.root)
}
