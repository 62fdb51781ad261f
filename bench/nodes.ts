/**
 * Writes a second over one, two and three nodes of one PostgreSQL, beside one server with a file, all on this machine and in the same
 * run: what the second and the third cost where there are no more processors for them.
 *
 * node bench/nodes.ts [--seconds 8] [--clients 256] [--nodes 1,2,3]
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestServer } from '../test/storage/postgres/server.ts'
import { signDigests, writeRequest } from './entries.ts'
import { closedLoop, machineLoad, printTable, type Row } from './loads.ts'
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
const requests = signDigests(Math.ceil(seconds * 3000 * (counts.length + 1))).map((entry) =>
  writeRequest('rekor-v2', entry),
)
let sent = 0
const take = () => requests[sent++]

/** All clients, as a balancer would spread them. */
async function load(servers: readonly Served[]): Promise<readonly Row[]> {
  const each = Math.ceil(clients / servers.length)
  return await Promise.all(servers.map((server) => closedLoop('', each, { server, seconds, take })))
}

function cells(what: string, rows: readonly Row[]): string[] {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0)
  const most = (of: (row: Row) => number) => Math.max(...rows.map(of))
  return [
    what,
    sum((row) => row.perSecond).toFixed(0),
    most((row) => row.p50).toFixed(0),
    most((row) => row.p99).toFixed(0),
    sum((row) => row.cpu).toFixed(2),
    most((row) => row.rssMiB).toFixed(0),
  ]
}

const table: string[][] = []
const alone = await startServer({ dialect: 'rekor-v2' })
table.push(cells('one server, SQLite', await load([alone])))
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
  table.push(cells(`${count} ${count === 1 ? 'node' : 'nodes'}, PostgreSQL`, await load(servers)))
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(dir, { recursive: true })
}
await postgres.stop()
printTable(['', 'writes/s', 'p50 ms', 'p99 ms', 'CPU of the servers', 'RSS MiB, the largest'], table)
console.log(`\n${clients} clients, PostgreSQL and clients on the same machine · load ${machineLoad()}`)
