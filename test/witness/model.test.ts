/** Long random conversations against the spec told in a dozen slow lines, and what must hold of everything that was cosigned. */

import fc from 'fast-check'
import t from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseCosignature } from '../../src/formats/c2sp/cosignature.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { hash } from '../../src/kernel/brand.ts'
import { equal, hex } from '../../src/kernel/bytes.ts'
import { codeOf, logKey } from '../verify/support.ts'
import { LOG, linesOf, NOON, ORIGIN, originHash, request, Tree, testWitness } from './support.ts'

const LEAVES = 24
/** Three histories: two fork off, one at 3 and one at 8. */
const TREES = [0, 3, 8].map((at) => new Tree(LEAVES, (i) => (at > 0 && i >= at ? `${at}: ${i}` : String(i))))
const STRANGER = logKey(ORIGIN, 99)
const JUNK = hash(new Uint8Array(32).fill(9))

interface Move {
  readonly tree: number
  /** Absent: `grown` more than the witness has. */
  readonly absolute: number | null
  readonly grown: number
  /** 'known': what the witness has, as an honest log learns it. */
  readonly old: number | 'known'
  readonly proof: 'right' | 'none' | 'one too many'
  readonly origin: string
  readonly byLog: boolean
  /** Of the clock, in seconds. */
  readonly clock: number
}

const moves: fc.Arbitrary<Move> = fc.record({
  tree: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) }),
  absolute: fc.oneof({ weight: 1, arbitrary: fc.nat(LEAVES) }, { weight: 4, arbitrary: fc.constant(null) }),
  grown: fc.nat(3),
  old: fc.oneof({ weight: 4, arbitrary: fc.constant('known' as const) }, { weight: 1, arbitrary: fc.nat(LEAVES) }),
  proof: fc.constantFrom('right', 'right', 'right', 'right', 'none', 'one too many'),
  origin: fc.constantFrom(ORIGIN, ORIGIN, ORIGIN, ORIGIN, ORIGIN, 'unknown.example'),
  byLog: fc.constantFrom(true, true, true, true, true, false),
  clock: fc.integer({ min: -5, max: 5 }),
})

type Sized = Move & { readonly size: number }

interface Known {
  readonly tree: number
  readonly size: number
}

/** c2sp.org/tlog-witness, word for word. `old` and the hashes of the proof are those that were sent. */
function expected(
  { tree, size, origin, byLog }: Sized,
  known: Known | null,
  old: number,
  proof: readonly Uint8Array[],
): string {
  if (origin !== ORIGIN) return 'LOG_UNKNOWN'
  if (!byLog) return 'SIGNATURE_UNKNOWN_KEY'
  if (old > size) return 'REQUEST_MALFORMED'
  if (size === 0 && proof.length > 0) return 'PROOF_INVALID'
  if (old !== (known?.size ?? 0)) return 'moved'
  const history = TREES[tree] as Tree
  const needed = history.proof(old, size)
  const isRight = needed.length === proof.length && needed.every((one, i) => equal(one, proof[i] as Uint8Array))
  const holds = old === 0 || equal(history.root(old), (TREES[known?.tree ?? 0] as Tree).root(old))
  return isRight && holds ? 'cosigned' : 'PROOF_INVALID'
}

t.test('any conversation', async (t) => {
  let cosignings = 0
  const conversation = fc.asyncProperty(fc.array(moves, { minLength: 10, maxLength: 40 }), async (all) => {
    const { witness, at } = testWitness()
    const roots = new Map<number, string>()
    let known: Known | null = null
    let time = 0
    for (const one of all) {
      const size = one.absolute ?? Math.min(LEAVES, (known?.size ?? 0) + one.grown)
      const move: Sized = { ...one, size }
      const old: number = move.old === 'known' ? (known?.size ?? 0) : move.old
      const tree = TREES[move.tree] as Tree
      const right = tree.proof(old, move.size)
      const proof = move.proof === 'right' ? right : move.proof === 'none' ? [] : [...right, JUNK]
      const body = await request(tree, move.size, {
        old,
        proof,
        origin: move.origin,
        keys: [move.byLog ? LOG : STRANGER],
      })
      at(NOON + move.clock * 1000)
      const wanted = expected(move, known, old, proof)
      let got = ''
      const code = await codeOf(async () => {
        const added = await witness.addCheckpoint(body)
        got = 'lines' in added ? 'cosigned' : 'moved'
        if ('size' in added && added.size !== (known?.size ?? 0)) throw new Error(`moved to ${added.size}`)
        if ('lines' in added) time = checkTime(added.lines, time)
      })
      if (wanted !== (code === 'ok' ? got : code))
        throw new Error(`${JSON.stringify(move)}: ${got || code}, not ${wanted}`)
      if (got !== 'cosigned') continue
      cosignings++
      const root = hex(tree.root(move.size))
      if ((roots.get(move.size) ?? root) !== root) throw new Error(`two roots of size ${move.size}`)
      if (move.size < (known?.size ?? 0)) throw new Error('back')
      roots.set(move.size, root)
      known = { tree: move.tree, size: move.size }
      const shown = (await witness.checkpoint(originHash(ORIGIN))) ?? new Uint8Array()
      if (parseCheckpoint(parseNote(shown).text).size !== move.size) throw new Error('another checkpoint is shown')
    }
  })
  await fc.assert(conversation, { numRuns: 200 })
  t.ok(cosignings > 500, `${cosignings} cosigned`)
})

/** Returns it. */
function checkTime(lines: string, before: number): number {
  const times = linesOf(lines).map(({ signature }, i) => parseCosignature(signature, i === 0 ? 64 : 2420).time)
  const [time = 0] = times
  if (times.some((one) => one !== time) || time < before || time === 0) throw new Error(`${times} after ${before}`)
  return time
}
