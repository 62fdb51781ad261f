/** The trees under which a server proves its entries: two of one log and one size are one tree. */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { VerifiedCheckpoint } from '../../verify/checkpoint.ts'

export class Heads {
  readonly #roots = new Map<string, Uint8Array>()
  readonly #sizes = new Map<string, number>()

  /** By origin, the largest. */
  get sizes(): ReadonlyMap<string, number> {
    return this.#sizes
  }

  /** @throws TlogError CHECKPOINT_UNTRUSTED when the log has signed another tree of this size */
  see({ origin, size, root }: Pick<VerifiedCheckpoint, 'origin' | 'size' | 'root'>): void {
    const known = this.#roots.get(`${size} ${origin}`) ?? root
    if (!equal(known, root)) throw new TlogError('CHECKPOINT_UNTRUSTED', `${origin}: two trees of ${size} leaves`)
    this.#roots.set(`${size} ${origin}`, known)
    this.#sizes.set(origin, Math.max(size, this.#sizes.get(origin) ?? 0))
  }
}
