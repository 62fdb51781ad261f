/** What is left open decides something only where strangers could not have left it open. */

import t from 'tap'
import type { Collected, OpenedStatement } from '../../../src/cli/custody/collect.ts'
import { buildGraph, conflictsOf } from '../../../src/cli/custody/graph.ts'
import { judgeCustody } from '../../../src/cli/custody/verdict.ts'
import { custodyOf } from '../../../src/formats/lineage/statement.ts'

const ROOT = `sha256:${'11'.repeat(32)}`
const signature = (isNamed: boolean) => ({ place: '/logs/v2/entries/0', signer: 'key', isNamed, origin: 'a', index: 0 })

function judged(isNamed: boolean, direction: 'up' | 'down', open: Partial<Collected>) {
  const dependencies = [{ digest: { sha256: '22'.repeat(32) } }]
  const statement = custodyOf({
    subject: [{ digest: { sha256: ROOT.slice(7) } }],
    predicate: { buildDefinition: { resolvedDependencies: dependencies } },
  })
  const one: OpenedStatement = { payload: 'a', statement, signatures: [signature(isNamed)] }
  const collected: Collected = {
    artifacts: [ROOT],
    statements: [one],
    withdrawn: [],
    faults: [],
    passedOver: 0,
    forged: new Map(),
    unasked: 0,
    unused: [],
    heads: new Map(),
    isCut: false,
    isDeeper: false,
    ...open,
  }
  return judgeCustody(buildGraph(collected, { name: '', digests: [ROOT] }, []), collected, direction)
}

const MORE = /more statements than were looked at/
const GONE = { place: '/logs/v2/entries/0', artifact: ROOT, by: '/logs/v2/entries/1', reason: 'x', since: '2026' }

t.test('what was not looked at, and what was taken back', (t) => {
  t.match(judged(true, 'up', { unasked: 1 }), { outcome: 'verified', reasons: [] })
  t.match(judged(true, 'down', { unasked: 1 }), { outcome: 'undetermined', reasons: [MORE] })
  t.match(judged(false, 'up', { unasked: 1 }), { outcome: 'undetermined', reasons: [/no signer/, MORE] })
  t.match(judged(false, 'down', {}), { outcome: 'verified' }, 'a list of what is said to be made from it')
  t.match(judged(true, 'up', { isCut: true }), { outcome: 'undetermined', reasons: [MORE] })
  const withdrawn = (isNamed: boolean) => ({ withdrawn: [{ ...GONE, isNamed }] })
  t.match(judged(true, 'up', withdrawn(false)), { outcome: 'verified' })
  t.match(judged(true, 'up', withdrawn(true)), {
    outcome: 'undetermined',
    reasons: [/^ATTACHMENT_WITHDRAWN: .* was withdrawn by the operator, see \/logs\/v2\/entries\/1 of 2026: x$/],
  })
  t.end()
})

t.test('digests that are told in another order are no conflict', (t) => {
  const said = (digests: Readonly<Record<string, string>>) => {
    const predicate = { buildDefinition: { resolvedDependencies: [{ digest: digests }] } }
    const statement = custodyOf({ subject: [{ digest: { sha256: ROOT.slice(7) } }], predicate })
    return { payload: JSON.stringify(digests), statement, signatures: [signature(true)] }
  }
  const [one, same, other] = [{ sha256: 'aa', sha512: 'bb' }, { sha512: 'bb', sha256: 'aa' }, { sha256: 'aa' }].map(
    said,
  )
  const node = { id: ROOT, name: '', faults: [], withdrawn: [] }
  const about = (...list: (OpenedStatement | undefined)[]) => ({
    ...node,
    about: list.filter((each) => each !== undefined),
  })
  t.same(conflictsOf(about(one, same)), [])
  t.equal(conflictsOf(about(one, same, other)).length, 3)
  t.end()
})
