/**
 * Reads of a Rekor v1 log of a million entries over real HTTP: the search by digest, and entries by UUID with proof and
 * promise; beside each the same work without HTTP, in this process, before and after the load in the same run. Filling a
 * million takes some minutes; with --keep it is done once.
 *
 * node bench/rekor-v1.ts [--entries 1000000] [--keep DIR] [--seconds 8] [--clients 1,16] [--json]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeTree } from '../src/dialects/rekor-v1/tree.ts'
import type { Criteria } from '../src/formats/entry-query.ts'
import { digestKey } from '../src/formats/lookup-key.ts'
import { formatEntryId, parseEntryId } from '../src/formats/sigstore/tree-id.ts'
import { leafHashes } from '../src/http/leaf-hashes.ts'
import { findPage } from '../src/http/matches.ts'
import type { Shard } from '../src/http/rekor-v1/shards.ts'
import { entryById } from '../src/http/rekor-v1/trees.ts'
import { hex } from '../src/kernel/bytes.ts'
import { leafHash } from '../src/kernel/hash.ts'
import type { Log } from '../src/log/log.ts'
import { filledDigest, filledEntry, withFilled } from './fill.ts'
import { type Answer, get, post } from './http-client.ts'
import { closedLoop, machineLoad, printTable, type Row } from './loads.ts'
import { startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    keep: { type: 'string' },
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '1,16' },
    json: { type: 'boolean', default: false },
  },
})
const ENTRIES = Number(values.entries)
/** Different entries that are asked for, all over the tree. */
const ASKED = 20_000
/** Of them, those that a server just started is asked for: few share a tile. */
const COLD = 1000
/** Prime, so that neighbours in time are none in the tree, and no tile is left out. */
const STRIDE = 611_953
const BARE_SECONDS = 2
const BARE_AT_ONCE = 16

/** One of the entries, as it is asked for. */
interface Asked {
  readonly digest: Uint8Array
  readonly id: string
}

interface Kind {
  readonly what: string
  readonly request: (asked: Asked) => Buffer
  readonly check: (answer: Answer) => boolean
  /** The same work without HTTP, up to the text of the answer. */
  readonly bare: (shard: Shard, asked: Asked) => Promise<unknown>
}

const KINDS: readonly Kind[] = [
  {
    what: 'search by digest',
    request: ({ digest }) => post('/api/v1/index/retrieve', JSON.stringify({ hash: `sha256:${hex(digest)}` })),
    check: ({ status, body }) => status === 200 && /^\["[0-9a-f]{80}"\]$/.test(body),
    bare: ({ log }, { digest }) => findBare(log, { criteria: [[digestKey('sha256', digest)]], operator: 'or' }),
  },
  {
    what: 'entry by UUID',
    request: ({ id }) => get(`/api/v1/log/entries/${id}`),
    check: ({ status, body }) => status === 200 && body.includes('"signedEntryTimestamp"'),
    bare: (shard, { id }) => entryById([shard], parseEntryId(id)),
  },
]

interface Measured {
  readonly what: string
  readonly rows: readonly Row[]
  /** Milliseconds of the processor for an answer without HTTP, before and after. */
  readonly bare: readonly [number, number]
}

async function bareCosts(dir: string, asked: readonly Asked[]): Promise<number[]> {
  return await withFilled(dir, async (log) => {
    const shard = { log, tree: describeTree(log.identity.origin, log.identity.ecdsaKey ?? ''), entriesBefore: 0 }
    const costs: number[] = []
    for (const kind of KINDS) costs.push(await bareCost(kind, shard, asked))
    return costs
  })
}

/** After a first round of all that is asked for, which warms memory and compiler. */
async function bareCost({ bare }: Kind, shard: Shard, asked: readonly Asked[]): Promise<number> {
  for (const one of asked) await bare(shard, one)
  const [start, before] = [performance.now(), process.cpuUsage()]
  let done = 0
  const ask = async () => {
    while (performance.now() - start < BARE_SECONDS * 1000)
      JSON.stringify(await bare(shard, asked[done++ % asked.length] as Asked))
  }
  await Promise.all(Array.from({ length: BARE_AT_ONCE }, ask))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / done
}

async function measure(keep: string): Promise<Measured[]> {
  const filled = await startServer({ dialect: 'rekor-v1', filled: ENTRIES, keep })
  await filled.stop()
  const dir = join(keep, 'log')
  const asked = await choose(dir)
  const before = await bareCosts(dir, asked)
  const server = await startServer({ dialect: 'rekor-v1', keep })
  const loads: Row[][] = []
  for (const { request, check } of KINDS) {
    const requests = asked.map(request)
    const once = (some: readonly Buffer[]) => {
      const left = some.values()
      return { server, check, seconds: null, take: () => left.next().value }
    }
    const rows = [await closedLoop('16 clients, just started', 16, once(requests.slice(0, COLD)))]
    await closedLoop('to warm', 16, once(requests))
    let sent = 0
    const load = { server, check, seconds: Number(values.seconds), take: () => requests[sent++ % requests.length] }
    for (const count of clients) rows.push(await closedLoop(`${count} clients`, count, load))
    loads.push(rows)
  }
  await server.stop()
  const after = await bareCosts(dir, asked)
  return KINDS.map(({ what }, i) => ({ what, rows: loads[i] ?? [], bare: [before[i] ?? 0, after[i] ?? 0] }))
}

async function findBare(log: Log, query: Criteria): Promise<void> {
  const { found } = await findPage(log, query, { after: null, size: log.status().published, limit: 10 })
  for await (const _ of leafHashes(log, found));
}

async function choose(dir: string): Promise<Asked[]> {
  const { treeId } = await withFilled(dir, async ({ identity }) =>
    describeTree(identity.origin, identity.ecdsaKey ?? ''),
  )
  return Array.from({ length: ASKED }, (_, i) => {
    const n = (i * STRIDE) % ENTRIES
    return { digest: filledDigest(n), id: formatEntryId(treeId, leafHash(filledEntry('rekor-v1', n).leaf)) }
  })
}

const HEADINGS = [
  'load',
  'answers/s',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'server CPU',
  'CPU ms each',
  'of bare',
  'RSS MiB',
]

function print({ what, rows, bare }: Measured): void {
  const bareMs = (bare[0] + bare[1]) / 2
  console.log(`\n${what}, ${ENTRIES} entries:\n`)
  const cells = rows.map((row) => [
    row.what,
    row.perSecond.toFixed(0),
    ...[row.p50, row.p99, row.p999].map((ms) => ms.toFixed(2)),
    row.cpu.toFixed(2),
    ((row.cpu * 1000) / row.perSecond).toFixed(3),
    ((row.cpu * 1000) / row.perSecond / bareMs).toFixed(1),
    row.rssMiB.toFixed(0),
  ])
  printTable(HEADINGS, cells)
  console.log(`\nwithout HTTP: ${bareMs.toFixed(3)} ms of the processor each · load ${machineLoad()}`)
}

const clients = String(values.clients).split(',').map(Number)
const keep = values.keep ?? mkdtempSync(join(tmpdir(), 'colophon-bench-'))
const measured = await measure(keep)
if (values.keep === undefined) rmSync(keep, { recursive: true, force: true })
if (values.json) console.log(JSON.stringify(measured, null, 2))
else measured.forEach(print)
