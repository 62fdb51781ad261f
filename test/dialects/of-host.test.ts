/** Which log a host name means. */

import t from 'tap'
import { isWaiting, logOfHost, type Reachable } from '../../src/dialects/of-host.ts'

const log = (origin: string, isFrozen = false): Reachable => ({ origin, isFrozen })

t.test('the one with that origin, else the first that is not frozen, else the newest', async (t) => {
  const [ended, a, b] = [log('old.example', true), log('a.example'), log('b.example')]
  const table: readonly (readonly [string, string, readonly Reachable[], Reachable | undefined])[] = [
    ['its origin', 'b.example', [ended, a, b], b],
    ['its origin, though it takes none', 'old.example', [ended, a, b], ended],
    ['another host', 'proxy.example', [ended, a, b], a],
    ['where none takes entries', 'proxy.example', [log('older.example', true), ended], ended],
    ['none', 'proxy.example', [], undefined],
  ]
  for (const [name, host, logs, expected] of table)
    t.equal(
      logOfHost(host, logs, (one) => one),
      expected,
      name,
    )
})

t.test('the trees of a host take entries one after the other', async (t) => {
  const [first, second, third] = [1, 2, 3].map((number) => log(`log.example - ${number}`)) as [
    Reachable,
    Reachable,
    Reachable,
  ]
  const other = log('other.example - 4')
  const frozen = new Set<Reachable>()
  const facts = (one: Reachable) => ({ ...one, isFrozen: frozen.has(one) })
  const all = [first, second, other, third]
  for (const [active, waiting] of [
    [first, [second, third]],
    [second, [third]],
    [third, []],
    [third, []],
  ] as const) {
    t.equal(logOfHost('log.example', all, facts), active)
    t.same(
      all.filter((one) => isWaiting(one, all, facts)),
      waiting,
    )
    frozen.add(active)
  }
  t.equal(logOfHost('proxy.example', all, facts), other)
})
