/**
 * A checkpoint with cosignatures of both kinds, and a proof file with it: no bit can be flipped but those of a stranger's
 * line and of extra data. `npm run mutations` flips every one; here they are sampled.
 */

import { env } from 'node:process'
import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof, parseTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash, leafIndex } from '../../src/kernel/brand.ts'
import { parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyTlogProof } from '../../src/verify/tlog-proof.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { codeOf, flipped, head, logKey, mlDsaKey, signedBy, witnessKey } from './support.ts'

const isFull = env.COLOPHON_FULL_MUTATIONS === '1'
t.setTimeout(isFull ? 4 * 3_600_000 : 120_000)
/** Odd, so that every place in a byte has its turn. */
const STEP = isFull ? 1 : 27

const ORIGIN = 'log.example'
const LOG = logKey(ORIGIN, 1)
const WITNESSES = [witnessKey('w1.example', 1), mlDsaKey('w2.example', 2)]
const STRANGER = witnessKey('stranger.example', 3)
const [A = '', B = ''] = WITNESSES.map(({ vkey }) => formatVkey(vkey))
const POLICY = parsePolicy(
  utf8(`log ${formatVkey(LOG.vkey)}\nwitness A ${A}\nwitness B ${B}\ngroup G all A B\nquorum G\n`),
)

const ENTRIES = ['one', 'two', 'three', 'four', 'five'].map(utf8)
const TREE = treeOf(ENTRIES)
const NOTE = await signedBy(head(ORIGIN, 5, hash(TREE.mth(0n, 5n))), LOG, STRANGER, ...WITNESSES)
const PROOF = formatTlogProof({
  extra: utf8('nobody’s word'),
  index: leafIndex(2),
  path: TREE.path(2n, 0n, 5n).map(hash),
  note: NOTE,
})

/** The lines, by how they begin, of which a flip went unseen. */
async function flipAll(bytes: Uint8Array, verify: (changed: Uint8Array) => Promise<unknown>): Promise<string[]> {
  const lines = parseUtf8(bytes).split('\n')
  const found = new Set<string>()
  let start = 0
  for (const line of lines) {
    const end = start + utf8(line).length
    for (let bit = start * 8; bit < (end + 1) * 8 && bit < bytes.length * 8; bit += STEP)
      if ((await codeOf(() => verify(flipped(bytes, bit)))) === 'ok') found.add(line.slice(0, 18))
    start = end + 1
  }
  return [...found]
}

t.test('a checkpoint', async (t) => {
  const open = (note: Uint8Array) => openCheckpoint(note, POLICY, verifyMlDsa44)
  t.equal((await open(NOTE)).cosigners.length, 2)
  t.same(await flipAll(NOTE, open), ['\u2014 stranger.example'])
})

t.test('a proof file', async (t) => {
  const verify = (file: Uint8Array) => verifyTlogProof(file, utf8('three'), POLICY, verifyMlDsa44)
  t.equal((await verify(PROOF)).index, 2)
  t.same(parseTlogProof(PROOF).note, NOTE)
  t.same(await flipAll(PROOF, verify), ['extra bm9ib2R54oCZ', '\u2014 stranger.example'])
})

t.test('lines taken away, and in another order', async (t) => {
  const lines = parseUtf8(NOTE).split('\n')
  const open = (parts: readonly string[]) => codeOf(() => openCheckpoint(utf8(parts.join('\n')), POLICY, verifyMlDsa44))
  const without = (at: number) => lines.filter((_, i) => i !== at)
  const outcomes = await Promise.all(lines.map((_, at) => open(without(at))))
  t.same(
    outcomes.map((outcome, at) => [lines[at]?.slice(0, 12), outcome]).filter(([, outcome]) => outcome === 'ok'),
    [['\u2014 stranger.e', 'ok']],
  )
  const signatures = lines.slice(4, -1)
  t.equal(await open([...lines.slice(0, 4), ...signatures.toReversed(), '']), 'ok', 'signatures have no order')
})
