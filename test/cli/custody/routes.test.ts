/** In which order artifacts are asked for, and how many. */

import t from 'tap'
import type { OpenedStatement } from '../../../src/cli/custody/collect.ts'
import { Routes } from '../../../src/cli/custody/routes.ts'
import { custodyOf } from '../../../src/formats/lineage/statement.ts'

const name = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`
const stop = (n: number, depth = 3, after: string | null = null) => ({ artifact: name(n), depth, after })
const saying = (payload: string, made: number, from: readonly number[]): OpenedStatement => {
  const digest = (n: number) => ({ digest: { sha256: name(n).slice(7) } })
  const predicate = { buildDefinition: { resolvedDependencies: from.map(digest) } }
  return { payload, signatures: [], statement: custodyOf({ subject: [digest(made)], predicate }) }
}
const all = (routes: Routes) => {
  const found: string[] = []
  for (let next = routes.next(); next !== undefined; next = routes.next()) found.push(next.artifact)
  return found
}

t.test('what counts comes first, whenever that becomes known', (t) => {
  const routes = new Routes()
  routes.begin(stop(1))
  for (const n of [7, 8, 9]) routes.add(stop(n))
  t.same(routes.next(), stop(1))
  t.equal(routes.unasked, 3)
  const one = saying('a', 1, [9, 2])
  routes.learn(new Set([one]))
  routes.add(stop(2))
  routes.learn(new Set([one]))
  t.same(all(routes), [9, 2, 7, 8].map(name))
  t.equal(routes.unasked, 0)
  t.end()
})

t.test('once at a place, and again where more of the depth is left', (t) => {
  const routes = new Routes()
  routes.begin(stop(1, 3))
  for (const again of [stop(1, 3), stop(1, 2), stop(1, 4), stop(1, 3, 'v2:7')]) routes.add(again)
  t.same(
    [routes.next(), routes.next(), routes.next(), routes.next()],
    [stop(1, 3), stop(1, 4), stop(1, 3, 'v2:7'), undefined],
  )
  t.end()
})

t.test('of what strangers lead to, so much is asked for and so much remembered', (t) => {
  const routes = new Routes()
  for (let n = 0; n < 20_000; n++) routes.add(stop(n))
  t.equal(all(routes).length, 1024)
  t.equal(routes.unasked, 20_000 - 1024)
  routes.begin(stop(99_999))
  t.same(all(routes), [name(99_999)], 'what counts has no such end')
  t.end()
})
