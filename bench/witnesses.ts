/**
 * What witnesses cost: writes a second and the time to a proof with three of them, each of which takes its time to answer,
 * beside the same load with nobody to ask, by turns in one run.
 *
 * node bench/witnesses.ts [--ms 100] [--quorum 2] [--seconds 6] [--rate 500] [--clients 1536] [--rounds 2]
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { generateMlDsa44, importEd25519Seed, signEd25519, signMlDsa44 } from '../src/crypto/node.ts'
import { createVkey, formatVkey, KEY_TYPE, parseVkey } from '../src/formats/c2sp/vkey.ts'
import { unixMillis } from '../src/kernel/brand.ts'
import { concat } from '../src/kernel/bytes.ts'
import { memoryWitnessStore } from '../src/storage/witness/memory.ts'
import { verifyMlDsa44 } from '../src/verify-node/ml-dsa.ts'
import { KnownLogs } from '../src/witness/known-logs.ts'
import { createWitness } from '../src/witness/witness.ts'
import { signDigests, writeRequest } from './entries.ts'
import { closedLoop, machineLoad, openLoop, printTable, type Row } from './loads.ts'
import { startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    ms: { type: 'string', default: '100' },
    quorum: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '6' },
    rate: { type: 'string', default: '500' },
    clients: { type: 'string', default: '1536' }, // enough that none is missed while they wait for witnesses
    rounds: { type: 'string', default: '2' },
  },
})
const [ms, seconds, clients] = [Number(values.ms), Number(values.seconds), Number(values.clients)]
const COUNT = 3

/** The verifier key of the one log in a directory that it makes. */
async function makeLog(keep: string): Promise<string> {
  await (await startServer({ dialect: 'rekor-v2', keep })).stop()
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const list = execFileSync(process.execPath, [main, 'log', 'list', '--json', '--data', join(keep, 'log')])
  return (JSON.parse(String(list)) as [{ vkey: string }])[0].vkey
}

/** In this process: their signatures are few, and their disk is none of ours. */
async function startWitness(name: string, seed: number, log: string) {
  const key = importEd25519Seed(new Uint8Array(32).fill(seed))
  const second = generateMlDsa44()
  const vkey = createVkey(name, KEY_TYPE.cosignature, key.publicKey)
  const witness = createWitness({
    keys: {
      ed25519: { vkey, sign: (message) => signEd25519(key, message) },
      mlDsa44: {
        vkey: createVkey(name, KEY_TYPE.mlDsa44, second.mlDsa44PublicKey),
        sign: (m) => signMlDsa44(second, m),
      },
    },
    logs: new KnownLogs(name, [parseVkey(log)], { perDay: 1e12, burst: 1e9 }),
    store: memoryWitnessStore(),
    now: () => unixMillis(Date.now()),
    verifyMlDsa44,
    onStep: () => undefined,
    watch: { cosigned: () => undefined, limited: () => undefined, forked: () => undefined },
    onFailure: (error) => {
      throw error
    },
  })
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = []
    for await (const part of request) parts.push(part)
    await sleep(ms)
    const added = await witness.addCheckpoint(concat(...parts))
    if ('lines' in added) response.end(added.lines)
    else response.writeHead(409).end(`${added.size}\n`)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { line: `witness ${name} ${formatVkey(vkey)} http://127.0.0.1:${port}\n`, name, server }
}

const rounds = Number(values.rounds)
const requests = signDigests(Math.ceil(seconds * rounds * 2 * 5000)).map((entry) => writeRequest('rekor-v2', entry))
let sent = 0
const take = () => requests[sent++]

async function run(keep: string, flags: readonly string[]): Promise<Row[]> {
  const server = await startServer({ dialect: 'rekor-v2', keep, flags })
  const load = { server, seconds, take }
  await openLoop(Number(values.rate), load) // until the server's code is compiled
  const rows = [
    await closedLoop('1 client', 1, load),
    await openLoop(Number(values.rate), load),
    await closedLoop(`${clients} clients`, clients, load),
  ]
  await server.stop()
  return rows
}

const folder = mkdtempSync(join(tmpdir(), 'colophon-bench-'))
try {
  const plain = join(folder, 'plain')
  const witnessed = join(folder, 'witnessed')
  await makeLog(plain)
  const log = await makeLog(witnessed)
  const witnesses = await Promise.all(Array.from({ length: COUNT }, (_, i) => startWitness(`w${i}`, i + 1, log)))
  const policy = join(folder, 'policy')
  const names = witnesses.map(({ name }) => name).join(' ')
  writeFileSync(policy, `${witnesses.map(({ line }) => line).join('')}group q ${values.quorum} ${names}\nquorum q\n`)
  for (let round = 0; round < rounds; round++) {
    const [without, with_] = [await run(plain, []), await run(witnessed, ['--witness-policy', policy])]
    console.log(`\nnobody asked, then ${values.quorum} of ${COUNT} witnesses at ${ms} ms:\n`)
    printTable(
      ['load', 'writes/s', 'p50 ms', 'p99 ms', 'server CPU'],
      [...without, ...with_].map((r) => [
        r.what,
        ...[r.perSecond, r.p50, r.p99].map((n) => n.toFixed(0)),
        r.cpu.toFixed(2),
      ]),
    )
    const [a, b] = [without.at(-1), with_.at(-1)]
    console.log(`\n${((b?.perSecond ?? 0) / (a?.perSecond ?? 1)).toFixed(2)} of the writes · load ${machineLoad()}`)
  }
  for (const { server } of witnesses) server.close().closeAllConnections()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
