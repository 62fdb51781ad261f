/** The order in which logs begin and end, with logs and a directory that only say what was done to them. */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLifecycle } from '../../src/cli/lifecycle.ts'
import { Logs } from '../../src/http/logs.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Log } from '../../src/log/log.ts'
import { createLogIn } from '../../src/storage/create-log.ts'
import { createDataDirectory } from '../../src/storage/data-directory.ts'
import type { LogRecord } from '../../src/storage/database.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { scratch } from './support.ts'

const tree = (slug: string, after: string | null = null) =>
  ({ slug, dialect: 'rekor-v1', origin: 'log.example', after }) as const

const atOnce = (_: number, run: () => void) => {
  run()
  return () => undefined
}

async function scene(t: Test) {
  const folder = scratch(t)
  const place = {
    dir: join(folder, 'data'),
    ratchets: ratchetDirectory(join(folder, 'ratchet')),
    passphrase: undefined,
  }
  const data = await createDataDirectory(place)
  t.teardown(() => data.close())
  const logs = new Logs([])
  const said: string[] = []
  const published = new Map<string, unknown>()
  const frozen = new Set<string>()
  const start = async (record: LogRecord): Promise<Log> => {
    said.push(`start ${record.slug}`)
    return {
      identity: record,
      published: () => published.get(record.slug) ?? null,
      status: () => ({ frozen: frozen.has(record.slug) }),
      async freeze(end: (last: { time: number; size: number; root: Uint8Array }) => Promise<void>) {
        await end({ time: 5000, size: 3, root: Uint8Array.of(171) })
        frozen.add(record.slug)
        return { time: 5000, size: 3, root: Uint8Array.of(171) }
      },
    } as unknown as Log
  }
  const lifecycle = createLifecycle({
    data,
    logs,
    start,
    clock: { now: () => unixMillis(1000), after: atOnce },
    onStep: (slug) => (step) => void said.push(`${step} ${slug}`),
    tell: async () => void said.push(`tell ${logs.all.length}`),
    sweep: () => void said.push('sweep'),
  })
  return { data, logs, said, published, frozen, lifecycle }
}

t.test('a log is in the trust files before it is reached, and each command waits for the one before', async (t) => {
  const { data, logs, said, published, lifecycle } = await scene(t)
  published.set('next', {})
  const all = [lifecycle.create(tree('v1')), lifecycle.create(tree('next', 'v1')), lifecycle.freeze('v1')]
  t.match(await Promise.all(all), [{ slug: 'v1' }, { slug: 'next' }, { size: 3, root: 'ab' }])
  t.same(said, [
    ...['created v1', 'start v1', 'tell 0', 'opened v1'],
    ...['created next', 'start next', 'tell 1', 'opened next'],
    'tell 2',
  ])
  t.match(await data.database.logs(), [{ state: 'frozen', retiredAt: 5000 }, { state: 'active' }])
  t.equal(logs.forHost('log.example', 'rekor-v1').identity.slug, 'next')
})

t.test('one that fails is in nobody’s way', async (t) => {
  const { lifecycle } = await scene(t)
  const [bad, good] = [lifecycle.create(tree('No')), lifecycle.create(tree('v1'))]
  await t.rejects(bad, { code: 'FIELD_INVALID' })
  t.match(await good, { slug: 'v1' })
  await t.rejects(lifecycle.freeze('v2'), { code: 'LOG_UNKNOWN' })
})

t.test('no log ends before the one that waits for its place has a checkpoint', async (t) => {
  const { data, frozen, published, lifecycle } = await scene(t)
  await lifecycle.create(tree('v1'))
  await lifecycle.create(tree('next', 'v1'))
  await lifecycle.create({ ...tree('other'), origin: 'other.example' })
  const error = await lifecycle.freeze('v1').catch((error: unknown) => error)
  t.ok(error instanceof TlogError)
  t.match(error, { code: 'LOG_BUSY', message: /^next, which is to take its place, has no checkpoint yet/ })
  t.same([frozen.size, (await data.database.logs())[0]?.state], [0, 'active'])
  await lifecycle.freeze('other')
  published.set('next', {})
  await lifecycle.freeze('v1')
  t.same([...frozen], ['other', 'v1'])
})

t.test('what another node makes is started and told of before it is reached; what it ends is told of', async (t) => {
  const { data, logs, said, lifecycle } = await scene(t)
  await lifecycle.create(tree('v1'))
  await createLogIn(data, tree('next', 'v1'), unixMillis(1000)) // by another
  said.length = 0
  await lifecycle.follow()
  t.same(said, ['start next', 'tell 1', 'tell 2'])
  t.equal(logs.named('next').identity.slug, 'next')
  await lifecycle.follow()
  t.equal(said.length, 3, 'nothing is new')
  await data.database.freezeLog(0, unixMillis(2000))
  await lifecycle.follow()
  t.same(said.slice(3), ['tell 2'])
})

t.test('the copies are swept whatever came of a withdrawal', async (t) => {
  const { said, lifecycle } = await scene(t)
  await lifecycle.create(tree('v1'))
  const request = { slug: 'v1', algorithm: 'sha256', digest: new Uint8Array(32), reason: 'x', base: 'a:b/' } as const
  await t.rejects(lifecycle.withdraw(request), { code: 'NOT_FOUND' })
  t.equal(said.at(-1), 'sweep')
  await t.rejects(lifecycle.withdraw({ ...request, slug: 'v2' }), { code: 'LOG_UNKNOWN' })
})
