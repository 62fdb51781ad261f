import t from 'tap'
import { greeting as greet } from '../../src/cli/greeting.ts'
import type { ServeConfig } from '../../src/config.ts'
import { Logs } from '../../src/http/logs.ts'
import type { Log } from '../../src/log/log.ts'

const log = (frozen: boolean, dialect = 'rekor-v2', origin = 'log.example') =>
  ({
    identity: { slug: 'v2', dialect, origin, vkey: 'log.example+1' },
    status: () => ({ durable: 7, frozen }),
  }) as unknown as Log

const greeting = (address: string, logs: readonly Log[], config: ServeConfig) => greet(address, new Logs(logs), config)

const config = (writeTokens: unknown = null) =>
  ({ url: 'https://log.example', data: { dir: '/data' }, writeTokens }) as unknown as ServeConfig

t.test('it says what runs, and where', async (t) => {
  const text = greeting('http://127.0.0.1:3000', [log(false)], config())
  t.match(text, 'listens on http://127.0.0.1:3000, for clients at https://log.example\ndata in /data\n')
  t.match(text, 'log v2 (rekor-v2), origin log.example, 7 entries\n  verifier key  log.example+1\n')
  t.notMatch(greeting('https://log.example', [], config()), 'for clients at')
})

t.test('commands name the URL that clients reach, and stand at the start of the line', async (t) => {
  const text = greeting('http://127.0.0.1:3000', [log(true, 'rekor-v2', 'old.example'), log(false)], config())
  for (const line of ['cosign sign-blob ', 'cosign verify-blob ', "node --input-type=module <<'END'\n", 'END\n'])
    t.match(text, `\n${line}`)
  t.match(text, 'https://log.example/trust/signing_config.json')
  t.match(text, "rekorBaseURL: 'https://log.example'")
  t.equal(text.split('http://127.0.0.1:3000').length, 2, 'the address is no URL for clients')
})

t.test('the version that a log speaks which takes entries', async (t) => {
  const version = (...logs: readonly Log[]) =>
    /majorApiVersion: (\d)/.exec(greeting('https://log.example', logs, config()))?.[1]
  t.equal(version(log(false, 'rekor-v1'), log(false)), '2')
  t.equal(version(log(false, 'rekor-v1')), '1')
  t.equal(version(log(false, 'rekor-v1'), log(true)), '1')
  const elsewhere = log(false, 'rekor-v2', 'next.example')
  t.equal(version(log(false, 'rekor-v1'), log(true), elsewhere), '1', 'and whom the URL reaches')
  t.equal(version(log(false, 'rekor-v1'), elsewhere), '2', 'any, where none has its host')
})

t.test('what takes no entries, and why', async (t) => {
  const trees = [log(true, 'rekor-v1', 'a - 1'), log(false, 'rekor-v1', 'a - 2'), log(false, 'rekor-v1', 'a - 3')]
  const text = greeting('https://log.example', trees, config())
  t.match(text, 'origin a - 1, 7 entries, frozen\n')
  t.match(text, 'origin a - 2, 7 entries\n')
  t.match(text, 'origin a - 3, 7 entries, waiting for its turn\n')
})

t.test('no commands where they would fail', async (t) => {
  const closed = greeting('https://log.example', [log(false)], config({ path: 'tokens', tokens: [] }))
  t.match(closed, 'Writing takes a token')
  t.notMatch(closed, 'sign-blob')
  const frozen = greeting('https://log.example', [log(true)], config())
  t.match(frozen, 'The logs of this URL are frozen')
  t.notMatch(frozen, 'sign-blob')
})
