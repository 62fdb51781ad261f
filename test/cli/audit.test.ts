/** `colophon audit` against a log that lies: each lie is caught, and what is written is evidence to a stranger. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Poll } from '../../src/audit/report.ts'
import { formatBundle } from '../../src/formats/c2sp/bundle.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { entriesOf, type LyingLog, lyingLog, noteOver, VKEY } from '../audit/lying-log.ts'
import { logKey, witnessKey } from '../verify/support.ts'
import { command, scratch } from './support.ts'

t.setTimeout(300_000) // a log that went back is asked again, after pauses

type Found = Poll & { readonly place: string; readonly code: number; readonly warned: string }

interface Desk {
  readonly log: LyingLog
  readonly dir: string
  audit(...flags: string[]): Promise<Found>
}

async function desk(t: Test): Promise<Desk> {
  const log = await lyingLog(t)
  const dir = join(scratch(t), 'audit')
  return {
    log,
    dir,
    async audit(...flags) {
      const key = flags.includes('--policy') ? [] : ['--log-key', VKEY]
      const { code, printed, warned } = await command([
        'audit',
        log.url,
        '--once',
        '--json',
        '--state',
        dir,
        ...key,
        ...flags,
      ])
      return { ...(JSON.parse(printed) as Found), code, warned }
    },
  }
}

/** That the evidence holds under the log's key, under its own, and under no other. */
async function requireEvidence(t: Test, { findings, code, outcome }: Found, kind: string): Promise<void> {
  t.equal(code, 1)
  t.equal(outcome, 'misbehaved')
  const finding = findings.find((one) => one.kind === kind)
  t.ok(finding, `${kind} among ${findings.map((one) => one.kind)}`)
  const file = finding?.file ?? ''
  t.match(await command(['verify', file, '--log-key', VKEY]), { code: 0, printed: `EVIDENCE HOLDS: ${file}` })
  const own = await command(['verify', file, '--json'])
  t.match(JSON.parse(own.printed), { outcome: 'verified', against: { kind }, keys: { from: 'file', named: [VKEY] } })
  const other = formatVkey(logKey('lying.example/log', 8).vkey)
  t.match(await command(['verify', file, '--log-key', other]), { code: 1, printed: 'CHECKPOINT_UNTRUSTED' })
}

t.test('an honest log: read once, then one request a look', async (t) => {
  const { log, audit, dir } = await desk(t)
  for (const [size, read] of [
    [1, 1],
    [255, 254],
    [256, 1],
    [700, 444],
    [66_000, 65_300],
  ] as const) {
    await log.show(entriesOf(size))
    t.match(await audit(), { code: 0, outcome: 'honest', size, verified: size, read, error: null }, `${size}`)
    log.asked.length = 0
    const before = readdirSync(dir).map((name) => [
      name,
      name.endsWith('.json') ? readFileSync(join(dir, name), 'utf8') : '',
    ])
    t.match(await audit(), { code: 0, outcome: 'honest', read: 0, verified: size })
    t.same(log.asked, ['checkpoint'])
    t.same(
      readdirSync(dir).map((name) => [name, name.endsWith('.json') ? readFileSync(join(dir, name), 'utf8') : '']),
      before,
    )
  }
  log.asked.length = 0
  t.match(await audit('--from-start'), { code: 0, outcome: 'honest', read: 66_000 })
  t.ok(log.asked.length > 500)
})

interface Lie {
  readonly name: string
  readonly kind: string
  /** Sizes that are honest first. */
  readonly honest: readonly number[]
  readonly lie: (log: LyingLog) => Promise<void>
  readonly flags?: readonly string[]
  /** Told once: the entries are verified all the same, and are not read again. */
  readonly isOver?: boolean
}

/** Another history after `after`. */
const forked = (size: number, after: number) => [...entriesOf(after), ...entriesOf(size - after, 'other')]
const W = witnessKey('witness.example/w', 3)

const LIES: readonly Lie[] = [
  ...[100, 256, 300, 513].map((size): Lie => {
    return {
      name: `a fork after ${size} of 700`,
      kind: 'fork',
      honest: [600],
      lie: (log) => log.show(forked(700, size)),
    }
  }),
  { name: 'a fork that a whole bundle hides', kind: 'fork', honest: [256], lie: (log) => log.show(forked(512, 255)) },
  { name: 'two roots of one size', kind: 'fork', honest: [600], lie: (log) => log.show(forked(600, 599)) },
  { name: 'two roots of one size, the first leaf', kind: 'fork', honest: [1], lie: (log) => log.show(forked(1, 0)) },
  { name: 'rolled back', kind: 'rollback', honest: [300, 600], lie: (log) => log.show(entriesOf(300)) },
  { name: 'rolled back to another history', kind: 'fork', honest: [600], lie: (log) => log.show(forked(300, 200)) },
  {
    name: 'a rewritten entry',
    kind: 'content',
    honest: [300],
    async lie(log) {
      await log.show(entriesOf(600))
      log.files.set('tile/entries/001', formatBundle([...entriesOf(511).slice(256), utf8('rewritten')]))
    },
  },
  {
    name: 'an entry that was verified before, rewritten since',
    kind: 'content',
    honest: [600],
    flags: ['--from-start'],
    lie: async (log) => void log.files.set('tile/entries/000', formatBundle([utf8('x'), ...entriesOf(256).slice(1)])),
  },
  {
    name: 'an entry and its tile rewritten',
    kind: 'content',
    honest: [],
    async lie(log) {
      const entries = entriesOf(600)
      await log.show([utf8('x'), ...entries.slice(1)])
      const [bundle, tile] = ['tile/entries/000', 'tile/0/000'].map((path) => log.files.get(path))
      await log.show(entries)
      log.files.set('tile/entries/000', bundle ?? new Uint8Array())
      log.files.set('tile/0/000', tile ?? new Uint8Array())
    },
  },
  ...['tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'].map((path): Lie => {
    return {
      name: `${path} does not match`,
      isOver: true,
      kind: 'content',
      honest: [300],
      async lie(log) {
        await log.show(entriesOf(600))
        log.files.set(
          path,
          (log.files.get(path) ?? new Uint8Array()).map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
        )
      },
    }
  }),
  {
    name: 'a tile that is too short',
    kind: 'content',
    honest: [],
    isOver: true,
    lie: (log) => cut(log, 'tile/0/000', 600),
  },
  {
    name: 'an entry hidden in a partial bundle',
    kind: 'content',
    honest: [600],
    async lie(log) {
      await log.show(entriesOf(605))
      log.files.set('tile/entries/002.p/93', formatBundle(entriesOf(604).slice(512)))
    },
  },
  {
    name: 'all unfinished tiles of another tree, and its entries',
    kind: 'tiles',
    honest: [512],
    async lie(log) {
      await log.show(forked(605, 512))
      log.files.set('checkpoint', await noteOver(entriesOf(605)))
    },
  },
  {
    name: 'a stale head for this client',
    kind: 'stale',
    honest: [600],
    flags: ['--grace', '0'],
    lie: async (log) => log.witnessed(await noteOver(entriesOf(605), W)),
  },
  {
    name: 'a larger tree for a witness, which dates from long ago',
    kind: 'stale',
    honest: [600],
    flags: ['--policy', 'policy'],
    lie: async (log) => log.witnessed(await noteOver(entriesOf(605), W)),
  },
  {
    name: 'another root of this size for a witness',
    kind: 'fork',
    honest: [600],
    lie: async (log) => log.witnessed(await noteOver(forked(600, 10), W)),
  },
  {
    name: 'a smaller tree of another history for a witness',
    kind: 'fork',
    honest: [600],
    lie: async (log) => log.witnessed(await noteOver(forked(257, 10), W)),
  },
]

async function cut(log: LyingLog, path: string, size: number): Promise<void> {
  await log.show(entriesOf(size))
  log.files.set(path, (log.files.get(path) ?? new Uint8Array()).slice(32))
}

for (const { name, kind, honest, lie, flags = [], isOver } of LIES)
  t.test(`caught: ${name}`, async (t) => {
    const { log, audit, dir } = await desk(t)
    for (const size of honest) {
      await log.show(entriesOf(size))
      t.match(await audit(), { code: 0, outcome: 'honest' }, `${size}`)
    }
    await lie(log)
    writeFileSync(`${dir}-policy`, `log ${VKEY}\nwitness w ${formatVkey(W.vkey)}\nquorum none\n`)
    const said = ['--witness', log.witnessUrl, ...flags.map((flag) => (flag === 'policy' ? `${dir}-policy` : flag))]
    await requireEvidence(t, await audit(...said), kind)
    const files = readdirSync(join(dir, 'evidence'))
    t.equal((await audit(...said)).code, isOver === true ? 0 : 1, 'again')
    t.same(readdirSync(join(dir, 'evidence')), files, 'no second file about the same')
  })

t.test('what is in passing is no lie', async (t) => {
  const { log, audit } = await desk(t)
  await log.show(entriesOf(300))
  log.failWith(503)
  t.match(await audit(), { code: 3, outcome: 'undetermined', error: { code: 'SERVICE_UNREACHABLE' } })
  log.failWith(0)
  t.match(await audit(), { code: 0, outcome: 'honest', verified: 300 })
  await log.show(entriesOf(400))
  log.files.delete('tile/entries/001.p/144')
  const gone = await audit()
  t.match(gone, { code: 3, outcome: 'undetermined', verified: 300, error: { code: 'NOT_FOUND' }, findings: [] })
  t.match(await audit('--grace', '0'), {
    code: 4,
    outcome: 'refused',
    error: { code: 'CONTENT_WITHHELD' },
    findings: [],
  })
})
