/** `colophon audit` of Rekor v1 and of servers with several logs: lies that have no tiles, and a log that goes on in another tree. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Poll } from '../../src/audit/report.ts'
import { run } from '../../src/cli/run.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { entriesOf, lyingLog, VKEY } from '../audit/lying-log.ts'
import { type LyingRekor, lyingRekor, type Tree } from '../audit/lying-rekor.ts'
import { command, scratch, testWorld } from './support.ts'

t.setTimeout(300_000)

type Look = Poll & { readonly place: string }

interface Looked {
  readonly code: number
  readonly looks: readonly Look[]
  readonly warned: string
}

async function audit(url: string, dir: string, ...flags: readonly string[]): Promise<Looked> {
  const { code, printed, warned } = await command(['audit', url, '--once', '--json', '--state', dir, ...flags])
  return {
    code,
    looks: printed
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Look),
    warned,
  }
}

async function desk(t: Test, entries: number): Promise<{ log: LyingRekor; tree: Tree; dir: string }> {
  const log = await lyingRekor(t)
  return { log, tree: log.begin('101', entriesOf(entries)), dir: join(scratch(t), 'audit') }
}

const forked = (size: number, after: number) => [...entriesOf(after), ...entriesOf(size - after, 'other')]

interface Lie {
  readonly name: string
  readonly kind: string
  readonly weight: 'proven' | 'attested'
  readonly lie: (tree: Tree) => void
}

const LIES: readonly Lie[] = [
  {
    name: 'another history, and its own proof of it',
    kind: 'fork',
    weight: 'proven',
    lie: (tree) => {
      tree.entries = forked(30, 10)
    },
  },
  {
    name: 'another history, and a proof that is none',
    kind: 'consistency',
    weight: 'attested',
    lie: (tree) => {
      tree.entries = forked(30, 10)
      tree.proofs = (hashes) => hashes.map(() => 'ab'.repeat(32))
    },
  },
  {
    name: 'another history, and an empty proof',
    kind: 'consistency',
    weight: 'attested',
    lie: (tree) => {
      tree.entries = forked(30, 10)
      tree.proofs = () => []
    },
  },
  {
    name: 'an entry that it names, and does not show',
    kind: 'content',
    weight: 'attested',
    lie: (tree) => {
      tree.entries = entriesOf(30)
      tree.shown = (entry, index) => (index === 25 ? (entriesOf(1, 'hidden')[0] ?? entry) : entry)
    },
  },
  {
    name: 'an entry whose proof is none',
    kind: 'inclusion',
    weight: 'attested',
    lie: (tree) => {
      tree.entries = entriesOf(30)
      tree.shown = (entry, index) => (index === 25 ? (entriesOf(1, 'never logged')[0] ?? entry) : entry)
      tree.leaf = (_, shown) => leafHash(shown)
    },
  },
]

for (const { name, kind, weight, lie } of LIES)
  t.test(`caught: ${name}`, async (t) => {
    const { log, tree, dir } = await desk(t, 20)
    const honest = await audit(log.url, dir)
    t.match(honest, { code: 0, looks: [{ outcome: 'honest', verified: 20 }], warned: 'PINNED' })
    lie(tree)
    const found = await audit(log.url, dir)
    t.match(found, { code: 1, looks: [{ outcome: 'misbehaved', verified: 20, findings: [{ kind, weight }] }] })
    const file = found.looks[0]?.findings[0]?.file ?? ''
    t.match(await command(['verify', file, '--log-key', tree.key]), { code: 0, printed: `EVIDENCE HOLDS: ${file}` })
    const own = JSON.parse((await command(['verify', file, '--json'])).printed)
    t.match(own, { outcome: 'verified', against: { kind, weight }, keys: { from: 'file', named: [tree.key] } })
    const stranger = (await lyingRekor(t)).begin('101', []).key
    t.match(await command(['verify', file, '--log-key', stranger]), { code: 1, printed: 'LOG_NOT_TRUSTED' })
    await requireTamperproof(t, file, tree.key)
    t.match(await audit(log.url, dir), { code: 1 }, 'again')
    t.equal(readdirSync(join(dir, 'evidence')).length, 1, 'no second file about the same')
  })

/** Whatever is changed in a file of evidence, it says no more than before, or is refused. */
async function requireTamperproof(t: Test, file: string, key: string): Promise<void> {
  const text = readFileSync(file, 'utf8')
  const evidence = JSON.parse(text) as Record<string, unknown>
  const copy = join(scratch(t), 'changed.json')
  for (const [name, value] of Object.entries(evidence)) {
    if (['observed', 'said', 'keys'].includes(name)) continue // the word of whoever wrote it; keys are compared by the reader
    const { [name]: _, ...without } = evidence
    writeFileSync(copy, JSON.stringify(without))
    t.not((await command(['verify', copy, '--log-key', key])).code, 0, `without ${name}`)
    if (typeof value !== 'string') continue
    writeFileSync(copy, JSON.stringify({ ...evidence, [name]: `${value}x` }))
    t.not((await command(['verify', copy, '--log-key', key])).code, 0, `another ${name}`)
  }
  for (const change of [text.slice(0, -9), `${text}${text}`, text.replace('{', '{"kind":"fork",'), '']) {
    writeFileSync(copy, change)
    t.not((await command(['verify', copy, '--log-key', key])).code, 0)
  }
}

t.test('a log that goes on in another tree is followed there', async (t) => {
  const { log, tree, dir } = await desk(t, 20)
  await audit(log.url, dir)
  tree.entries = entriesOf(25)
  log.begin('202', entriesOf(7, 'next'))
  const followed = await audit(log.url, dir)
  t.match(followed, {
    code: 0,
    looks: [
      { place: /treeID=101$/, outcome: 'honest', verified: 25, read: 5 },
      { place: /treeID=202$/, outcome: 'honest', verified: 7, read: 7 },
    ],
  })
  t.match(followed.warned, /treeID=202: a log that \S+ did not show before[\s\S]*PINNED/)
  log.asked.length = 0
  t.match(await audit(log.url, dir), { code: 0, warned: '', looks: [{ read: 0 }, { read: 0 }] })
  t.same(log.asked, ['/api/v1/log'], 'one request for all trees')
  tree.entries = forked(25, 3)
  t.match(await audit(log.url, dir), { code: 1, looks: [{ findings: [{ kind: 'fork' }] }, { outcome: 'honest' }] })
})

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !what(); i++) await sleep(10)
  if (!what()) throw new Error('it did not come to that')
}

t.test('while it runs: no false alarm, and no silence', async (t) => {
  const { log, tree, dir } = await desk(t, 20)
  const world = testWorld()
  const ended = run(['audit', log.url, '--state', dir, '--interval', '1', '--metrics-listen', '127.0.0.1:0'], world)
  await until(() => /HONEST: \S+treeID=101/.test(world.printed()))
  tree.entries = entriesOf(26)
  const next = log.begin('202', [])
  log.hideKey('202')
  await until(() => /COULD NOT BE DETERMINED: \S+treeID=202\n {2}SERVICE_REFUSED/.test(world.printed()))
  await until(() => /treeID=101[\s\S]*size +26; verified are 26/.test(world.printed()))
  next.entries = entriesOf(9, 'next')
  log.hideKey(null)
  await until(() => /HONEST: \S+treeID=202\n.*\n +size +9; verified are 9/.test(world.printed()))
  t.match(world.warned(), /treeID=202: nobody stated its key\. PINNED/)
  t.notMatch(world.printed(), /MISBEHAVED|NOT AS ASKED/)
  const shown = await (await fetch(/metrics: (\S+)/.exec(world.warned())?.[1] ?? '')).text()
  for (const treeId of ['101', '202'])
    t.match(shown, `colophon_audit_outcome{log="${log.url}/api/v1/log?treeID=${treeId}",outcome="honest"} 1`)
  next.entries = forked(9, 2)
  await until(() => /MISBEHAVED: \S+treeID=202/.test(world.printed()))
  world.stop()
  t.equal(await ended, 1)
})

t.test('by a stated key the next tree is not trusted: it says so, and what to do', async (t) => {
  const { log, tree, dir } = await desk(t, 20)
  const flags = ['--log-key', tree.key]
  t.match(await audit(log.url, dir, ...flags), { code: 0, warned: '' })
  const next = log.begin('202', entriesOf(3))
  const told = await audit(log.url, dir, ...flags)
  t.match(told, {
    code: 4,
    looks: [{ outcome: 'honest' }, { outcome: 'refused', error: { code: 'LOG_NOT_TRUSTED' }, findings: [] }],
  })
  t.ok(told.looks[1]?.remarks.some((remark) => remark.includes(next.key) && remark.includes('state it as well')))
  t.match(await audit(log.url, dir, ...flags, '--log-key', next.key), { code: 0, looks: [{}, { verified: 3 }] })
})

t.test('what a server says of its keys, and nobody can read', async (t) => {
  const log = await lyingLog(t)
  log.files.set('logs', Buffer.from(JSON.stringify({ logs: [{ slug: 'v1', state: 'active', vkey: 'nonsense' }] })))
  const dir = join(scratch(t), 'audit')
  const told = { code: 'SERVICE_REFUSED', message: /logs\/v1: what it says of its key cannot be read/ }
  for (let i = 0; i < 2; i++) t.match(await audit(log.url, dir), { code: 3, looks: [{ place: log.url, error: told }] })
})

t.test('a server of several logs: another one is found, at each start and every ten minutes', async (t) => {
  const log = await lyingLog(t)
  const dir = join(scratch(t), 'audit')
  const logs: object[] = []
  const add = async (slug: string, size: number) => {
    logs.push({ slug, state: 'active', vkey: VKEY })
    log.files.set('logs', Buffer.from(JSON.stringify({ logs })))
    await log.show(entriesOf(size))
    for (const [path, bytes] of [...log.files])
      if (!path.startsWith('logs')) log.files.set(`logs/${slug}/${path}`, bytes)
  }
  log.files.set('logs', Buffer.from(JSON.stringify({ logs })))
  t.match(await audit(log.url, dir), { code: 3, looks: [{ place: log.url, error: { message: 'it shows no log' } }] })
  await add('v1', 5)
  t.match(await audit(log.url, dir), { code: 0, looks: [{ verified: 5 }] })
  let now = Date.now()
  const world = testWorld()
  const clock = { ...world.clock, now: () => unixMillis(now) }
  const ended = run(['audit', log.url, '--state', dir, '--interval', '1'], { ...world, clock })
  const asked = (path: string) => log.asked.filter((one) => one === path).length
  await until(() => asked('logs/v1/checkpoint') >= 5)
  t.equal(asked('logs'), 3, 'each start asks once')
  await add('next-v1', 9)
  const before = asked('logs/v1/checkpoint')
  await until(() => asked('logs/v1/checkpoint') >= before + 2)
  t.equal(asked('logs'), 3)
  now += 600_000
  await until(() => /HONEST: \S+\/logs\/next-v1\n/.test(world.printed()))
  log.files.set('logs', Buffer.from('nonsense'))
  now += 600_000
  await until(() => world.printed().includes(`COULD NOT BE DETERMINED: ${log.url}\n`))
  const [looks] = [asked('logs/v1/checkpoint')]
  await until(() => asked('logs/v1/checkpoint') >= looks + 2)
  log.files.set('logs', Buffer.from(JSON.stringify({ logs })))
  await until(() => asked('logs') > 0 && asked('logs/v1/checkpoint') >= looks + 5)
  log.files.set('logs', Buffer.from('nonsense'))
  now += 600_000
  await until(() => world.printed().split(`COULD NOT BE DETERMINED: ${log.url}\n`).length === 3)
  world.stop()
  t.equal(await ended, 3)
  t.ok(existsSync(dir))
})
