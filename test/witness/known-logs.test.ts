import t from 'tap'
import type { ListedLog } from '../../src/formats/c2sp/log-list.ts'
import { KnownLogs } from '../../src/witness/known-logs.ts'
import { logKey, mlDsaKey, witnessKey } from '../verify/support.ts'
import { NAME } from './support.ts'

const RATE = { perDay: 7, burst: 3 }
const listed = (name: string, seed = 1, origin = name): ListedLog => ({
  origin,
  vkey: logKey(name, seed).vkey,
  perDay: 48,
  contact: 'x',
})

t.test("the operator's own choice", async (t) => {
  const [a, pq] = [logKey('a.example', 1).vkey, mlDsaKey('a.example', 2).vkey]
  const logs = new KnownLogs(NAME, [a, logKey('b.example', 1).vkey, pq], RATE)
  t.equal(logs.count, 2)
  t.same(logs.find('a.example'), { origin: 'a.example', keys: [a, pq], rate: RATE }, 'two keys of one log')
  t.equal(logs.find('c.example'), undefined)
  for (const [what, vkeys] of Object.entries({
    'a witness': [witnessKey('w.example', 1).vkey],
    'its own name': [logKey(NAME, 1).vkey],
    'the same key twice': [a, a],
  }))
    t.throws(() => new KnownLogs(NAME, vkeys, RATE), { code: 'VKEY_MALFORMED' }, what)
})

t.test('a tree of Rekor v1 goes by the name of its keys', async (t) => {
  const { vkey } = logKey('a.example/12', 1)
  const logs = new KnownLogs(NAME, [vkey], RATE)
  t.same(logs.find('a.example - 12'), { origin: 'a.example - 12', keys: [vkey], rate: RATE })
  t.match(logs.find('a.example/12'), { origin: 'a.example/12' }, 'which is a log of its own')
  for (const other of ['a.example - 13', 'b.example - 12', 'a.example - 012', 'a.example -12', 'a.example'])
    t.equal(logs.find(other), undefined, other)
  const taken = [listed('evil.example', 2, 'a.example - 12')]
  t.same(logs.unknown(taken), [], 'and no list takes its origin from it')
  t.match(logs.learn(taken), { added: [], refused: [/^a\.example - 12: .*another key/] })
  t.same(logs.find('a.example - 12')?.keys, [vkey])
  t.same(logs.learn([{ ...listed('x'), origin: 'a.example - 12', vkey }]), { added: [], refused: [] })
})

t.test('lists add, and change nothing', async (t) => {
  const logs = new KnownLogs(NAME, [logKey('a.example', 1).vkey], RATE)
  const first = [listed('a.example'), listed('b.example'), listed('key.example', 1, 'the log')]
  t.same(logs.unknown(first), first.slice(1))
  t.same(logs.learn(first), { added: first.slice(1), refused: [] })
  t.same(logs.learn(first), { added: [], refused: [] }, 'again')
  t.same(logs.find('a.example')?.rate, RATE, 'the rate that the operator chose')
  t.same(logs.find('b.example')?.rate, { perDay: 48, burst: 2 }, "an hour's worth at once")
  t.match(logs.find('the log'), { origin: 'the log', keys: [{ name: 'key.example' }] })
  const second = [
    listed('a.example', 2),
    listed('b.example', 2),
    listed(NAME),
    listed('x', 1, NAME),
    listed(NAME, 1, 'y'),
  ]
  t.match(logs.learn(second), {
    added: [],
    refused: [/^a\.example: .*another key/, /^b\.example: .*another key/, /own name/, /own name/, /own name/],
  })
  t.same(logs.unknown(second), [])
  t.same(logs.find('b.example')?.keys, [logKey('b.example', 1).vkey])
  logs.learn([])
  t.equal(logs.count, 3, 'a log that a list no longer has stays')
})
