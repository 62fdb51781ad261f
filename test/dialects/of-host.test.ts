/** Which log a host name means. */

import t from 'tap'
import { logOfHost, type Reachable } from '../../src/dialects/of-host.ts'

const log = (origin: string, takesEntries = true): Reachable => ({ origin, takesEntries })

t.test('the one with that origin, else the first that takes entries, else the first', async (t) => {
  const [ended, a, b] = [log('old.example', false), log('a.example'), log('b.example')]
  const table: readonly (readonly [string, string, readonly Reachable[], Reachable | undefined])[] = [
    ['its origin', 'b.example', [ended, a, b], b],
    ['its origin, though it takes none', 'old.example', [ended, a, b], ended],
    ['another host', 'proxy.example', [ended, a, b], a],
    ['where none takes entries', 'proxy.example', [ended], ended],
    ['none', 'proxy.example', [], undefined],
  ]
  for (const [name, host, logs, expected] of table)
    t.equal(
      logOfHost(host, logs, (one) => one),
      expected,
      name,
    )
})
