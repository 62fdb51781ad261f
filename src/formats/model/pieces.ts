/** A file that consists of parts of others and of bytes of its own: what it is can be hashed and compared before it is written. */

import { concat } from '../../kernel/bytes.ts'
import type { ByteSource, Pieces, Range } from './byte-source.ts'

export type Piece = Uint8Array | Part

export interface Part extends Range {
  readonly source: ByteSource
}

export function joined(pieces: readonly Piece[]): ByteSource {
  const ends: number[] = []
  for (const piece of pieces) ends.push((ends.at(-1) ?? 0) + lengthOf(piece))
  return {
    size: ends.at(-1) ?? 0,
    async read(at, length) {
      const parts: Uint8Array[] = []
      let [from, left] = [at, length]
      for (let i = firstAfter(ends, at); left > 0; i++) {
        const start = i === 0 ? 0 : (ends[i - 1] as number)
        const part = await readPart(pieces[i] as Piece, from - start, left)
        parts.push(part)
        from += part.length
        left -= part.length
      }
      return parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts)
    },
  }
}

export function pieced(source: ByteSource, pieces: Pieces): ByteSource {
  return joined(pieces.map((piece) => (piece instanceof Uint8Array ? piece : { source, ...piece })))
}

function lengthOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.to - piece.from
}

/** Up to the end of the piece. */
async function readPart(piece: Piece, at: number, most: number): Promise<Uint8Array> {
  const length = Math.min(most, lengthOf(piece) - at)
  return piece instanceof Uint8Array
    ? piece.subarray(at, at + length)
    : await piece.source.read(piece.from + at, length)
}

/** The first that ends behind `at`; they are sorted. */
function firstAfter(ends: readonly number[], at: number): number {
  let [low, high] = [0, ends.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((ends[middle] as number) > at) high = middle
    else low = middle + 1
  }
  return low
}
