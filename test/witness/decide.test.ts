/** The decision, as a table: what was cosigned, what is asked, what comes of it. */

import t from 'tap'
import { type Hash, hash, treeSize } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { EMPTY_ROOT } from '../../src/kernel/hash.ts'
import { decide } from '../../src/witness/decide.ts'
import { Tree } from './support.ts'

const HONEST = new Tree(12)
/** Another history from leaf 4 on. */
const FORK = new Tree(12, (i) => (i < 4 ? String(i) : `other ${i}`))
const WRONG = hash(new Uint8Array(32).fill(7))

interface Row {
  readonly stored: number | null
  readonly old: number
  readonly size: number
  readonly tree?: Tree
  readonly proof?: readonly Hash[]
  readonly root?: Hash
  readonly says: string
}

const ROWS: readonly Row[] = [
  { stored: null, old: 0, size: 5, says: 'growth' },
  { stored: null, old: 0, size: 0, says: 'growth' },
  { stored: null, old: 0, size: 5, proof: [WRONG], says: 'PROOF_INVALID' },
  { stored: null, old: 0, size: 0, root: WRONG, says: 'PROOF_INVALID' },
  { stored: null, old: 3, size: 5, says: 'moved 0' },
  { stored: 0, old: 0, size: 0, says: 'refresh' },
  { stored: 0, old: 0, size: 3, says: 'growth' },
  { stored: 5, old: 5, size: 5, says: 'refresh' },
  { stored: 5, old: 5, size: 5, proof: [WRONG], says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 5, tree: FORK, says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 9, says: 'growth' },
  { stored: 4, old: 4, size: 9, tree: FORK, says: 'growth' },
  { stored: 5, old: 5, size: 9, tree: FORK, says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 9, proof: [], says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 9, proof: HONEST.proof(4, 9), says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 9, proof: [...HONEST.proof(5, 9), WRONG], says: 'PROOF_INVALID' },
  { stored: 5, old: 5, size: 9, proof: HONEST.proof(5, 9).slice(1), says: 'PROOF_INVALID' },
  { stored: 5, old: 0, size: 9, says: 'moved 5' },
  { stored: 5, old: 0, size: 3, says: 'moved 5' },
  { stored: 5, old: 3, size: 9, says: 'moved 5' },
  { stored: 5, old: 7, size: 9, says: 'moved 5' },
  { stored: 5, old: 3, size: 3, says: 'moved 5' },
  { stored: 5, old: 5, size: 4, says: 'REQUEST_MALFORMED' },
  { stored: 5, old: 10, size: 9, says: 'REQUEST_MALFORMED' },
  { stored: 5, old: 0, size: 0, root: WRONG, says: 'PROOF_INVALID' },
  { stored: 5, old: 0, size: 0, says: 'moved 5' },
]

t.test('what comes of it', async (t) => {
  for (const row of ROWS) {
    const { stored, old, size, tree = HONEST } = row
    const { proof = tree.proof(old, size), root = tree.root(size) } = row
    const known = stored === null ? null : { size: treeSize(stored), root: HONEST.root(stored) }
    const claimed = { size: treeSize(size), root }
    const name = `${stored} known, old ${old}, size ${size}${tree === FORK ? ' of the fork' : ''}`
    t.equal(
      said(() => decide(known, { old: treeSize(old), proof }, claimed)),
      row.says,
      name,
    )
  }
  t.same(HONEST.root(0), EMPTY_ROOT)
})

function said(run: () => ReturnType<typeof decide>): string {
  try {
    const verdict = run()
    return verdict.kind === 'moved' ? `moved ${verdict.size}` : verdict.kind
  } catch (error) {
    if (error instanceof TlogError) return error.code
    throw error
  }
}
