import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { digestRanges } from '../../src/files/digest-ranges.ts'
import type { Pieces } from '../../src/formats/model/byte-source.ts'

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length)
}

function slow(bytes: Uint8Array, pieces: Pieces): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece instanceof Uint8Array ? piece : bytes.subarray(piece.from, piece.to))
  return hash.digest('hex')
}

/** Cuts of a file of 100 bytes in order, every second one left out, some of them bytes of its own. */
const wanted = fc.tuple(fc.array(fc.nat(100), { maxLength: 8 }), fc.boolean()).map(([cuts, own]): Pieces => {
  const places = cuts.toSorted((a, b) => a - b)
  const ranges = places.flatMap((from, i) => (i % 2 === 0 ? [{ from, to: places[i + 1] ?? 100 }] : []))
  return ranges.flatMap((range, i) => (own ? [Uint8Array.of(i), range] : [range]))
})

t.test('as if each were hashed by itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(wanted, { maxLength: 12 }), fc.integer({ min: 1, max: 120 }), async (all, length) => {
      const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * 7)
      const digests = await digestRanges(cut(bytes, length), 100, all)
      return all.every((pieces, i) => Buffer.from(digests[i] ?? []).toString('hex') === slow(bytes, pieces))
    }),
  )
})

t.test('a file that became shorter or longer', async (t) => {
  const all = [[{ from: 0, to: 10 }]]
  for (const length of [9, 11])
    await t.rejects(digestRanges(cut(new Uint8Array(length), 4), 10, all), { code: 'MODEL_MALFORMED' })
})

t.test('of an empty file', async (t) => {
  const [digest] = await digestRanges(cut(new Uint8Array(), 1), 0, [[{ from: 0, to: 0 }]])
  t.equal(Buffer.from(digest ?? []).toString('hex'), createHash('sha256').digest('hex'))
})
