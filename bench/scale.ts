/**
 * What a log that `seed.ts` has filled in PostgreSQL still does: writes beside an empty log on the same server, by turns in one run;
 * searches, proofs and repeats spread over all of it; and what its tables take.
 *
 * node bench/scale.ts --dir DIR [--turns 6] [--entries 8192] [--reads 2000] [--clients 4] [--alone] [--set max_wal_size=16GB …]
 *
 * --alone: a sequencer writes by itself; else as one of several nodes does, by way of the intake. No turns, or no reads: 0.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { leafIndex } from '../src/kernel/brand.ts'
import { leafHash } from '../src/kernel/hash.ts'
import { prove } from '../src/log/prover.ts'
import { machineLoad, printTable } from './loads.ts'
import { connect, serverSeconds, tableSizes, walBytes } from './postgres-cost.ts'
import { type Opened, openSeeded, seed, startKept } from './seeded.ts'
import { median } from './side-by-side.ts'
import { artifactKey, identityOf, syntheticEntry } from './synthetic.ts'

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    turns: { type: 'string', default: '6' },
    entries: { type: 'string', default: '8192' },
    reads: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '4' },
    alone: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
  },
})
if (values.dir === undefined) throw new Error('--dir: where seed.ts has put it')
const [turns, entries, reads, clients] = [values.turns, values.entries, values.reads, values.clients].map(Number) as [
  number,
  number,
  number,
  number,
]

interface Turn {
  readonly perSecond: number
  /** µs of the processor for each: of this process, and of PostgreSQL. */
  readonly here: number
  readonly postgres: number
  /** Bytes for each. */
  readonly wal: number
}

async function measured(count: number, work: () => Promise<unknown>): Promise<Turn> {
  const before = { cpu: process.cpuUsage(), postgres: serverSeconds(server), wal: await walBytes(client) }
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before.cpu)
  return {
    perSecond: count / seconds,
    here: (user + system) / count,
    postgres: ((serverSeconds(server) - before.postgres) * 1e6) / count,
    wal: ((await walBytes(client)) - before.wal) / count,
  }
}

async function write({ log }: Opened): Promise<Turn> {
  return await measured(entries, () => seed(log, log.status().durable + entries))
}

async function writes(logs: Readonly<Record<string, Opened>>): Promise<void> {
  const done: Record<string, Turn[]> = {}
  for (let turn = 0; turn < turns; turn++)
    for (const [name, log] of Object.entries(logs)) {
      done[name] ??= []
      done[name].push(await write(log))
    }
  const middle = (name: string, of: (turn: Turn) => number) => median(done[name]?.map(of) ?? [])
  const figures = Object.entries(done).map(([name, all]) => [
    name,
    middle(name, (turn) => turn.perSecond).toFixed(0),
    all.map((turn) => turn.perSecond.toFixed(0)).join(', '),
    ...[(turn: Turn) => turn.here, (turn: Turn) => turn.postgres].map((of) => middle(name, of).toFixed(0)),
    (all.reduce((sum, turn) => sum + turn.wal, 0) / all.length).toFixed(0),
  ])
  printTable(['written to', 'entries/s', 'each turn', 'µs here', 'µs PostgreSQL', 'WAL bytes'], figures)
}

/** A row of the table: so many, in a closed loop with `many` at once. */
async function timed(what: string, count: number, many: number, work: () => Promise<unknown>): Promise<string[]> {
  const times: number[] = []
  let left = count
  const one = async () => {
    while (left-- > 0) {
      const since = performance.now()
      if ((await work()) == null) throw new Error(`${what}: not there`)
      times.push(performance.now() - since)
    }
  }
  const { perSecond, here, postgres } = await measured(count, () => Promise.all(Array.from({ length: many }, one)))
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2)
  return [what, perSecond.toFixed(0), at(0.5), at(0.99), at(1), here.toFixed(0), postgres.toFixed(0)]
}

async function searches({ log }: Opened): Promise<void> {
  const published = log.published()
  if (published === null) throw new Error('no checkpoint')
  const any = () => Math.floor(Math.random() * published.size)
  const bundle = () => Math.floor(Math.random() * Math.floor(published.size / 256))
  const one = async (n: number) => (await log.lookup(artifactKey(n), null, 100)).at(0)
  const proof = async (n: number) =>
    await prove({ hash: leafHash(syntheticEntry(n).leaf), index: leafIndex(n) }, published, (ids) => log.nodes(ids))
  const rows = [
    await timed('a place by its leaf hash', reads, clients, () => log.find(leafHash(syntheticEntry(any()).leaf))),
    await timed('an entry by a key of its own', reads, clients, () => one(any())),
    await timed('up to 1,000 by an identity', reads / 10, clients, () => log.lookup(identityOf(any()), null, 1000)),
    await timed('an entry by its index', reads, clients, () => log.entry(leafIndex(any()))),
    await timed('an inclusion proof', reads, clients, () => proof(any())),
    await timed('a bundle', reads / 4, clients, () => log.bundle(bundle(), 256)),
    await timed('a repeat, 256 at once', reads * 4, 256, () => log.add(syntheticEntry(any()))),
  ]
  printTable([`${clients} clients`, 'a second', 'p50 ms', 'p99 ms', 'most ms', 'µs here', 'µs PostgreSQL'], rows)
}

async function disk(size: number): Promise<void> {
  const seeded: pg.Client = await connect(server.url('seeded'))
  const rows = await tableSizes(seeded)
  await seeded.end()
  const all = { table: 'all', ...sum(rows) }
  const each = (bytes: number) => (bytes / size).toFixed(1)
  const shown = [...rows.filter(({ heap, indexes }) => (heap + indexes) / size >= 0.05), all]
  printTable(
    ['table', 'bytes an entry', 'of it rows', 'indexes', 'GB'],
    shown.map(({ table, heap, indexes }) => [
      table,
      ...[heap + indexes, heap, indexes].map(each),
      ((heap + indexes) / 1e9).toFixed(2),
    ]),
  )
}

function sum(rows: readonly { readonly heap: number; readonly indexes: number }[]) {
  return rows.reduce((all, row) => ({ heap: all.heap + row.heap, indexes: all.indexes + row.indexes }), {
    heap: 0,
    indexes: 0,
  })
}

const server = await startKept(values.dir, values.set)
const client = await connect(server.url('postgres'))
const emptyDir = join(values.dir, 'empty-log')
rmSync(emptyDir, { recursive: true, force: true })
await client.query('DROP DATABASE IF EXISTS empty')
const options = { isNode: !values.alone }
const full = await openSeeded(join(values.dir, 'postgres-log'), server.url('seeded'), options)
const empty = await openSeeded(emptyDir, await server.create('empty'), options)
const size = full.log.status().durable
console.log(`${size} entries at the start, load ${machineLoad()}, ${values.set.join(' ')}\n`)
if (turns > 0) {
  await write(empty) // what is compiled, and known to be there, at the first
  await write(full)
  await writes({ [`${size} entries`]: full, 'an empty log': empty })
  console.log()
}
if (reads > 0) {
  await searches(full)
  console.log()
}
await disk(full.log.status().durable)
console.log(`\nload ${machineLoad()}`)
for (const each of [full, empty]) await each.close()
await client.end()
await server.stop()
