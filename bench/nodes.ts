/**
 * Writes a second over one, two and three nodes of one PostgreSQL, beside one server with a file, all on this machine and in the same
 * run: what the second and the third cost where there are no more processors for them. And the processor's time of each process for a
 * write, which says how far they would go on machines of their own; at last with all clients on a node that does not sequence.
 *
 * node bench/nodes.ts [--seconds 8] [--clients 256] [--nodes 1,2,3]
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestServer, type TestServer } from '../test/storage/postgres/server.ts'
import { signDigests, writeRequest } from './entries.ts'
import { closedLoop, machineLoad, printTable } from './loads.ts'
import { serverSeconds } from './postgres-cost.ts'
import { type Served, startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '256' },
    nodes: { type: 'string', default: '1,2,3' },
  },
})
const [seconds, clients] = [Number(values.seconds), Number(values.clients)]
const counts = values.nodes.split(',').map(Number)
const requests = signDigests(Math.ceil(seconds * 3500 * (counts.length + 2))).map((entry) =>
  writeRequest('rekor-v2', entry),
)
let sent = 0
const take = () => requests[sent++]

interface Loaded {
  readonly what: string
  readonly servers: readonly Served[]
  /** Those that clients ask, as a balancer would spread them. Default: all. */
  readonly asked?: readonly Served[]
  readonly postgres?: TestServer
}

/** A row of the table. */
async function load({ what, servers, asked = servers, postgres }: Loaded): Promise<string[]> {
  const each = Math.ceil(clients / asked.length)
  const database = () => (postgres === undefined ? 0 : serverSeconds(postgres))
  const before = { servers: servers.map((server) => server.usage()), database: database(), here: process.cpuUsage() }
  const start = sent
  const rows = await Promise.all(asked.map((server) => closedLoop('', each, { server, seconds, take })))
  const writes = sent - start
  const { user, system } = process.cpuUsage(before.here)
  const most = (of: (row: (typeof rows)[number]) => number) => Math.max(...rows.map(of)).toFixed(0)
  const eachWrite = (spent: number) => ((spent * 1e6) / writes).toFixed(0)
  const used = servers.map((server, i) => {
    const [after, first] = [server.usage(), before.servers[i]]
    const of = (name: 'cpuSeconds' | 'mainSeconds') => eachWrite(after[name] - (first?.[name] ?? 0))
    return `${of('cpuSeconds')} (${of('mainSeconds')})`
  })
  return [
    what,
    rows.reduce((sum, row) => sum + row.perSecond, 0).toFixed(0),
    most((row) => row.p50),
    most((row) => row.p99),
    used.join(', '),
    postgres === undefined ? '' : eachWrite(database() - before.database),
    eachWrite((user + system) / 1e6),
    most((row) => row.rssMiB),
  ]
}

const table: string[][] = []
const alone = await startServer({ dialect: 'rekor-v2' })
table.push(await load({ what: 'one server, SQLite', servers: [alone] }))
await alone.stop()

const postgres = await startTestServer()
for (const count of counts) {
  const dir = mkdtempSync(join(tmpdir(), 'colophon-bench-nodes-'))
  const flags = ['--database', await postgres.create(`bench_${count}`), '--ratchet', join(dir, 'ratchet')]
  const servers: Served[] = []
  for (let i = 0; i < count; i++) {
    const keep = join(dir, `node-${i}`)
    if (i > 0) cpSync(join(dir, 'node-0/log/keys'), join(keep, 'log/keys'), { recursive: true })
    servers.push(await startServer({ dialect: 'rekor-v2', keep, flags }))
  }
  table.push(await load({ what: `${count} ${count === 1 ? 'node' : 'nodes'}, PostgreSQL`, servers, postgres }))
  const [, follower] = servers // the first one was there first, and leads
  if (count === 2 && follower !== undefined)
    table.push(await load({ what: '2 nodes, one of them asked', servers, asked: [follower], postgres }))
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(dir, { recursive: true })
}
await postgres.stop()
printTable(
  [
    'µs of a processor a write',
    'writes/s',
    'p50 ms',
    'p99 ms',
    'each server (its main thread)',
    'PostgreSQL',
    'clients',
    'RSS MiB',
  ],
  table,
)
console.log(`\n${clients} clients, PostgreSQL and clients on the same machine · load ${machineLoad()}`)
