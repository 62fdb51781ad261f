/**
 * Writes a second over real HTTP with 1, 16 and 256 clients, beside bare import-and-verify of the same entries by the
 * same method on all cores, in the same run: the ratio is what a noisy machine leaves comparable. So for each number of
 * entries that the log holds at the start; filling a million takes some minutes.
 *
 * node bench/load.ts [--seconds 8] [--clients 1,16,256] [--filled 0,1000000] [--json]
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { closeCrypto, verifyDigest } from '#crypto'
import { algorithmOf } from '../src/crypto/algorithms.ts'
import { parseSpki } from '../src/formats/pki/spki.ts'
import { requestOf, type SignedDigest, signDigests } from './entries.ts'
import { Connection, postEntry } from './http-client.ts'
import { type Served, startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '1,16,256' },
    filled: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const SECONDS = Number(values.seconds)

interface Row {
  readonly what: string
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly rssMiB: number
  readonly cpu: number
}

/** As many checks under way as the busiest load has clients. */
async function bare(entries: readonly SignedDigest[]): Promise<number> {
  const algorithm = algorithmOf('PKIX_ECDSA_P256_SHA_256')
  const start = performance.now()
  let next = 0
  const check = async () => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++])
      await verifyDigest({ algorithm, key: parseSpki(entry.spki), digest: entry.digest, signature: entry.signature })
  }
  await Promise.all(Array.from({ length: 256 }, check))
  return entries.length / ((performance.now() - start) / 1000)
}

/** Closed loop: each client sends its next entry when it has its receipt. */
async function closedLoop(server: Served, clients: number, take: () => Buffer | undefined): Promise<Row> {
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(server.port)))
  const times: number[] = []
  const before = server.usage()
  const start = performance.now()
  const client = async (connection: Connection) => {
    while (performance.now() - start < SECONDS * 1000) {
      const request = take()
      if (request === undefined) throw new Error('out of entries: sign more')
      const sent = performance.now()
      const { status, body } = await connection.send(request)
      if (status !== 201) throw new Error(`${status} ${body}`)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(connections.map(client))
  return rowOf(`${clients} clients`, times, start, before, server, connections)
}

/** Open loop: an entry every 1/rate s, whether the ones before have their receipts or not. */
async function openLoop(server: Served, rate: number, take: () => Buffer | undefined): Promise<Row> {
  const connections = await Promise.all(Array.from({ length: 16 }, () => Connection.open(server.port)))
  const times: number[] = []
  const before = server.usage()
  const start = performance.now()
  const pending: Promise<void>[] = []
  for (let i = 0; i < rate * SECONDS; i++) {
    await sleep(Math.max(0, start + (i * 1000) / rate - performance.now()))
    const connection = connections[i % connections.length] as Connection
    const due = performance.now()
    pending.push(connection.send(take() as Buffer).then(() => void times.push(performance.now() - due)))
  }
  await Promise.all(pending)
  return rowOf(`${rate}/s, open loop`, times, start, before, server, connections)
}

function rowOf(
  what: string,
  times: number[],
  start: number,
  before: ReturnType<Served['usage']>,
  server: Served,
  connections: readonly Connection[],
): Row {
  const seconds = (performance.now() - start) / 1000
  const after = server.usage()
  for (const connection of connections) connection.close()
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0
  const cpu = (after.cpuSeconds - before.cpuSeconds) / seconds
  return {
    what,
    perSecond: times.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    p999: quantile(0.999),
    rssMiB: after.rssMiB,
    cpu,
  }
}

interface Run {
  /** Entries at the start. */
  readonly filled: number
  readonly rows: readonly Row[]
  /** On disk, for each entry that the load added. */
  readonly bytesPerEntry: number
  /** Import and verification alone, before and after, a second. */
  readonly bareRates: readonly [number, number]
}

async function run(filled: number): Promise<Run> {
  const before = await bare(sample)
  const server = await startServer(filled)
  const start = { bytes: server.bytesOnDisk(), sent }
  const rows = [await openLoop(server, 50, take)]
  for (const count of clients) rows.push(await closedLoop(server, count, take))
  const bytesPerEntry = (server.bytesOnDisk() - start.bytes) / (sent - start.sent)
  await server.stop()
  return { filled, rows, bytesPerEntry, bareRates: [before, await bare(sample)] }
}

const HEADINGS = ['load', 'writes/s', 'of bare', 'p50 ms', 'p99 ms', 'p99.9 ms', 'server CPU', 'RSS MiB']

function print({ filled, rows, bytesPerEntry, bareRates }: Run): void {
  const bareRate = (bareRates[0] + bareRates[1]) / 2
  const cells = rows.map((r) => [
    r.what,
    r.perSecond.toFixed(0),
    (r.perSecond / bareRate).toFixed(2),
    ...[r.p50, r.p99, r.p999].map((ms) => ms.toFixed(1)),
    r.cpu.toFixed(2),
    r.rssMiB.toFixed(0),
  ])
  console.log(`\n${filled} entries at the start:\n`)
  for (const row of [HEADINGS, ['---', ...HEADINGS.slice(1).map(() => '---:')], ...cells])
    console.log(`| ${row.join(' | ')} |`)
  console.log(
    `\nbare import-and-verify on all cores: ${bareRate.toFixed(0)}/s · ${bytesPerEntry.toFixed(0)} bytes on disk an entry`,
  )
}

const clients = String(values.clients).split(',').map(Number)
const fills = String(values.filled).split(',').map(Number)
const entries = signDigests(Math.ceil(SECONDS * clients.length * fills.length * 4000))
const requests = entries.map((entry) => postEntry(requestOf(entry)))
const sample = entries.slice(0, 12_000)
let sent = 0
const take = () => requests[sent++]
await bare(sample.slice(0, 2000)) // warm
const runs: Run[] = []
for (const filled of fills) {
  const done = await run(filled)
  runs.push(done)
  if (!values.json) print(done)
}
await closeCrypto()
if (values.json) console.log(JSON.stringify(runs, null, 2))
