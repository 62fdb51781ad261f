/** Random policies with up to 32 witnesses in nested groups, against the specification word for word (c2sp.org/tlog-policy). */

import fc from 'fast-check'
import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { codeOf, head, logKey, mlDsaKey, noteOf, witnessKey } from './support.ts'

const HEAD = head('log.example', 7, hash(new Uint8Array(32).fill(9)))
const LOG = logKey('log.example', 1)
const OWN = await LOG.line(HEAD)
const WITNESSES = Array.from({ length: 32 }, (_, i) =>
  i % 16 === 15 ? mlDsaKey(`w${i}.example`, i) : witnessKey(`w${i}.example`, i + 40),
)
const LINES = await Promise.all(WITNESSES.map((key) => key.line(HEAD)))

interface Group {
  readonly threshold: string
  readonly members: readonly string[]
}

/** Groups by name, in an order in which each comes after its members. */
interface Tree {
  readonly witnesses: number
  readonly groups: ReadonlyMap<string, Group>
  readonly quorum: string
}

/** Whether a name is satisfied, as the specification says it. */
function isSatisfied({ groups }: Tree, name: string, cosigned: ReadonlySet<string>): boolean {
  const group = groups.get(name)
  if (group === undefined) return name === 'none' || cosigned.has(name)
  const count = group.members.filter((member) => isSatisfied({ groups } as Tree, member, cosigned)).length
  if (group.threshold === 'any') return count >= 1
  if (group.threshold === 'all') return count === group.members.length
  return count >= Number(group.threshold)
}

/** Each name is a member once at most, so a group takes from what is left. */
const trees: fc.Arbitrary<Tree> = fc
  .tuple(fc.integer({ min: 1, max: 32 }), fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 12 }), fc.nat())
  .map(([witnesses, shapes, which]) => {
    const left = Array.from({ length: witnesses }, (_, i) => `W${i}`)
    const groups = new Map<string, Group>()
    for (const [size, place, threshold] of shapes) {
      if (left.length === 0) break
      const members = left.splice(place % left.length, 1 + (size % Math.min(left.length, 8)))
      const words = ['any', 'all', ...members.map((_, i) => String(i + 1))]
      const name = `G${groups.size}`
      groups.set(name, { threshold: words[threshold % words.length] ?? 'all', members })
      left.push(name)
    }
    const names = ['none', ...groups.keys(), ...groups.keys(), 'W0']
    return { witnesses, groups, quorum: names[which % names.length] ?? 'none' }
  })

function policyOf({ witnesses, groups, quorum }: Tree): Uint8Array {
  const lines = [
    `log ${formatVkey(LOG.vkey)}`,
    ...WITNESSES.slice(0, witnesses).map(({ vkey }, i) => `witness W${i} ${formatVkey(vkey)}`),
    ...[...groups].map(([name, { threshold, members }]) => `group ${name} ${threshold} ${members.join(' ')}`),
    `quorum ${quorum}`,
  ]
  return utf8(lines.map((line) => `${line}\n`).join(''))
}

t.test('a quorum is what the specification says', async (t) => {
  const outcomes = { ok: 0, QUORUM_MISSED: 0 }
  const property = fc.asyncProperty(trees, fc.array(fc.nat(31), { maxLength: 40 }), async (tree, cosigners) => {
    const cosigned = new Set(cosigners.filter((i) => i < tree.witnesses).map((i) => `W${i}`))
    const note = noteOf(HEAD, [OWN, ...cosigners.flatMap((i) => LINES[i] ?? [])])
    const expected = isSatisfied(tree, tree.quorum, cosigned) ? 'ok' : 'QUORUM_MISSED'
    outcomes[expected] += 1
    return (await codeOf(() => openCheckpoint(note, parsePolicy(policyOf(tree)), verifyMlDsa44))) === expected
  })
  await fc.assert(property, { numRuns: 300 })
  t.ok(outcomes.ok > 20 && outcomes.QUORUM_MISSED > 20, `both ways: ${JSON.stringify(outcomes)}`)
})
