/**
 * Writes a second over real HTTP with 1, 16 and 256 clients, beside bare import-and-verify of the same entries by the
 * same method on all cores, in the same run: the ratio is what a noisy machine leaves comparable. So for each number of
 * entries that the log holds at the start; filling a million takes some minutes.
 *
 * node bench/load.ts [--dialect rekor-v2] [--seconds 8] [--clients 1,16,256] [--filled 0,1000000] [--json]
 */

import { parseArgs } from 'node:util'
import { closeCrypto, verifyDigest } from '#crypto'
import { algorithmOf } from '../src/crypto/algorithms.ts'
import { parseSpki } from '../src/formats/pki/spki.ts'
import { type SignedDigest, signDigests, writeRequest } from './entries.ts'
import type { Dialect } from './fill.ts'
import { closedLoop, machineLoad, openLoop, printTable, type Row } from './loads.ts'
import { startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    dialect: { type: 'string', default: 'rekor-v2' },
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '1,16,256' },
    filled: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const SECONDS = Number(values.seconds)
const dialect = values.dialect as Dialect

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
  const server = await startServer({ dialect, filled })
  const load = { server, seconds: SECONDS, take }
  const start = { bytes: server.bytesOnDisk(), sent }
  const rows = [await openLoop(50, load)]
  for (const count of clients) rows.push(await closedLoop(`${count} clients`, count, load))
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
  console.log(`\n${dialect}, ${filled} entries at the start:\n`)
  printTable(HEADINGS, cells)
  console.log(
    `\nbare import-and-verify on all cores: ${bareRate.toFixed(0)}/s · ${bytesPerEntry.toFixed(0)} bytes on disk an entry · load ${machineLoad()}`,
  )
}

const clients = String(values.clients).split(',').map(Number)
const fills = String(values.filled).split(',').map(Number)
const entries = signDigests(Math.ceil(SECONDS * clients.length * fills.length * 4000))
const requests = entries.map((entry) => writeRequest(dialect, entry))
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
