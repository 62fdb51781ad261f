/** Proof files under a policy. */

import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof, parseTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyTlogProof } from '../../src/verify/tlog-proof.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { readVector } from '../formats/support.ts'
import { codeOf, flipped, refusedWith } from './support.ts'

interface Examples {
  readonly vkeys: { readonly log: string; readonly witness: string }
  readonly tlogProof: string
  readonly entries: readonly string[]
}

const { vkeys, tlogProof, entries } = readVector<Examples>('computed/worked-examples.json')
const FILE = utf8(tlogProof)
const ENTRY = utf8(entries[2] ?? '')
const POLICY = parsePolicy(utf8(`log ${vkeys.log}\nwitness A ${vkeys.witness}\nquorum A\n`))
const verify = (file: Uint8Array, entry: Uint8Array) => verifyTlogProof(file, entry, POLICY, verifyMlDsa44)

t.test('an entry, its place and who cosigned', async (t) => {
  const { index, checkpoint } = await verify(FILE, ENTRY)
  t.equal(index, 2)
  t.equal(checkpoint.origin, 'example.com/log')
  t.same(
    checkpoint.cosigners.map(({ witness }) => witness),
    ['A'],
  )
})

t.test('what does not verify', async () => {
  await refusedWith('PROOF_INVALID', () => verify(FILE, utf8('entry-3')), 'another entry')
  await refusedWith('PROOF_INVALID', () => verify(FILE, new Uint8Array()), 'no entry')
  const proof = parseTlogProof(FILE)
  const [first, ...rest] = proof.path
  if (first === undefined) throw new Error('the path is not empty')
  const moved = formatTlogProof({ ...proof, path: [...rest, first] })
  await refusedWith('PROOF_INVALID', () => verify(moved, ENTRY), 'the path in another order')
  await refusedWith(
    'PROOF_MALFORMED',
    () => verify(utf8(tlogProof.replace('index 2', 'index 4')), ENTRY),
    'another index',
  )
  await refusedWith(
    'PROOF_INVALID',
    () => verify(utf8(tlogProof.replace('index 2', 'index 3')), ENTRY),
    'the neighbour',
  )
})

t.test('no bit can be flipped; extra data is nobody’s word', async (t) => {
  const survivors: number[] = []
  for (let bit = 0; bit < FILE.length * 8; bit++)
    if ((await codeOf(() => verify(flipped(FILE, bit), ENTRY))) === 'ok') survivors.push(bit)
  t.same(survivors, [])
  const extra = formatTlogProof({ ...parseTlogProof(FILE), extra: utf8('anything') })
  t.notOk('extra' in (await verify(extra, ENTRY)))
})
