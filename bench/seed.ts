/**
 * Fills a log with synthetic entries (synthetic.ts), by the log's own way: sealed, appended and published. Run again it goes on
 * where it ended, however that was.
 *
 * node bench/seed.ts --dir DIR [--entries 10000000] [--in postgres|sqlite] [--set max_wal_size=16GB …]
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineLoad } from './loads.ts'
import { openSeeded, seed, startKept } from './seeded.ts'

const STEP = 100_000

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    entries: { type: 'string', default: '10000000' },
    in: { type: 'string', default: 'postgres' },
    set: { type: 'string', multiple: true, default: [] },
  },
})
if (values.dir === undefined) throw new Error('--dir: where the database is kept')
const count = Number(values.entries)
const postgres = values.in === 'postgres' ? await startKept(values.dir, values.set) : null
const url = (await postgres?.create('seeded').catch(() => postgres.url('seeded'))) ?? null
const { log, close } = await openSeeded(join(values.dir, `${values.in}-log`), url)
const start = performance.now()
while (log.status().durable < count) {
  const from = log.status().durable
  const since = performance.now()
  const to = Math.min(count, (Math.floor(from / STEP) + 1) * STEP)
  await seed(log, to)
  const rate = (to - from) / ((performance.now() - since) / 1000)
  const rss = process.memoryUsage().rss / 2 ** 20
  const minutes = (performance.now() - start) / 60_000
  console.log(
    `${to} entries, ${rate.toFixed(0)}/s, ${rss.toFixed(0)} MiB, ${minutes.toFixed(1)} minutes, load ${machineLoad()}`,
  )
}
await close()
await postgres?.stop()
