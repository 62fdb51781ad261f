/** Digests of many parts of a file in one pass over it: what begins alike is hashed once, up to where it parts. */

import { createHash, type Hash } from 'node:crypto'
import type { DigestName } from '../crypto/algorithms.ts'
import { HASH_NAMES } from '../crypto/node/hash-names.ts'
import type { Pieces } from '../formats/model/byte-source.ts'
import { TlogError } from '../kernel/error.ts'

/**
 * @param chunks the file, whole, in order; each is done with when the next is asked for
 * @param size of it, when it was opened
 * @param wanted the ranges of each lie behind one another
 * @returns a digest for each, in their order
 * @throws TlogError MODEL_MALFORMED when the file has another size by now
 */
export async function digestRanges(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  wanted: readonly Pieces[],
  name: DigestName = 'SHA2_256',
): Promise<readonly Uint8Array[]> {
  const pass = new Pass(wanted, name)
  let at = 0
  for await (const chunk of chunks) {
    pass.take(chunk, at)
    at += chunk.length
  }
  if (at === size) return pass.end(size)
  throw new TlogError('MODEL_MALFORMED', `byte ${at}: the file ends here, and had ${size} bytes when it was opened`)
}

/** A hash that goes on with the file at a place, for all who want the same bytes up to there and from there. */
interface Lane {
  readonly hash: Hash
  at: number
  /** Whose range ends next is the last. */
  readonly wants: Want[]
}

interface Want {
  readonly index: number
  readonly to: number
  readonly rest: Pieces
}

class Pass {
  readonly #digests: Uint8Array[] = []
  /** Who begins next is the last. */
  readonly #waiting: Lane[] = []
  #active: Lane[] = []

  constructor(wanted: readonly Pieces[], name: DigestName) {
    const shared = new Map<number, Lane>()
    for (const [index, pieces] of wanted.entries()) {
      const lane = this.#begin(createHash(HASH_NAMES[name]), index, pieces)
      const alike = lane === null || pieces[0] instanceof Uint8Array ? undefined : shared.get(lane.at)
      if (alike !== undefined) alike.wants.push(...(lane?.wants ?? []))
      else if (lane !== null) {
        this.#waiting.push(lane)
        if (!(pieces[0] instanceof Uint8Array)) shared.set(lane.at, lane)
      }
    }
    this.#waiting.sort((a, b) => b.at - a.at)
    for (const { wants } of this.#waiting) wants.sort((a, b) => b.to - a.to)
  }

  take(chunk: Uint8Array, start: number): void {
    const end = start + chunk.length
    const due = this.#active
    this.#active = []
    while ((this.#waiting.at(-1)?.at ?? end) < end) due.push(this.#waiting.pop() as Lane)
    for (const lane of due) {
      for (const parted of this.#feed(lane, chunk, start)) {
        if (parted.at < end) due.push(parted)
        else this.#wait(parted)
      }
      if (lane.wants.length > 0) this.#active.push(lane)
    }
  }

  /** Few part from others, and few of these wait. */
  #wait(lane: Lane): void {
    this.#waiting.push(lane)
    this.#waiting.sort((a, b) => b.at - a.at)
  }

  end(size: number): readonly Uint8Array[] {
    const nothing = new Uint8Array()
    for (let lane = this.#waiting.pop(); lane !== undefined; lane = this.#waiting.pop())
      this.#waiting.push(...this.#feed(lane, nothing, size))
    return this.#digests
  }

  /** Null: it was done with the last piece. */
  #begin(hash: Hash, index: number, [first, ...rest]: Pieces): Lane | null {
    if (first === undefined) this.#digests[index] = new Uint8Array(hash.digest())
    else if (first instanceof Uint8Array) return this.#begin(hash.update(first), index, rest)
    else return { hash, at: first.from, wants: [{ index, to: first.to, rest }] }
    return null
  }

  /** Returns those whose range ended, where they go on. */
  #feed(lane: Lane, chunk: Uint8Array, start: number): Lane[] {
    const { hash, wants } = lane
    const parted: Lane[] = []
    for (let want = wants.at(-1); want !== undefined; want = wants.at(-1)) {
      const to = Math.min(want.to, start + chunk.length)
      if (to > lane.at) hash.update(chunk.subarray(lane.at - start, to - start))
      lane.at = Math.max(lane.at, to)
      if (want.to > to) break
      wants.pop()
      const next = this.#begin(hash.copy(), want.index, want.rest)
      if (next !== null) parted.push(next)
    }
    return parted
  }
}
