/**
 * All entries of one identity, page by page, and their count: by the API and by `colophon search`, with the memory that server
 * and client had at most. Filling a million takes some minutes.
 *
 * node bench/search.ts [--entries 1000000] [--json]
 */

import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { subjectKey } from '../src/formats/lookup-key.ts'
import { utf8 } from '../src/kernel/bytes.ts'
import { entryUnder } from './fill.ts'
import { type Served, startServer, usageOf } from './server.ts'

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '1000000' }, json: { type: 'boolean', default: false } },
})
const ENTRIES = Number(values.entries)
const NAME = 'builds@example.com'
const keyOf = (value: string) => subjectKey({ type: 'email', value })
const [all, third, tenth] = [keyOf(NAME), keyOf('third'), keyOf('tenth')]

interface Row {
  readonly what: string
  readonly found: number
  readonly seconds: number
  readonly serverMiB: number
  readonly clientMiB: number | null
}

const keysOf = (n: number) => [all, ...(n % 3 === 0 ? [third] : []), ...(n % 10 === 0 ? [tenth] : [])]

/** A Rekor v1 log, which has both ways to search; of small entries, for what they hold is not looked at. */
const server = await startServer({
  dialect: 'rekor-v1',
  filled: ENTRIES,
  entryOf: (n) => entryUnder(utf8(`entry ${n}`), ...keysOf(n)),
})
const url = `http://127.0.0.1:${server.port}`

async function measured(
  served: Served,
  what: string,
  run: (see: (pid: number) => void) => Promise<number>,
): Promise<Row> {
  let [serverMiB, clientMiB, client] = [0, 0, 0]
  const look = () => {
    serverMiB = Math.max(serverMiB, served.usage().rssMiB)
    try {
      if (client !== 0) clientMiB = Math.max(clientMiB, usageOf(client).rssMiB)
    } catch {
      client = 0 // it has ended
    }
  }
  const looking = setInterval(look, 50)
  const start = performance.now()
  const found = await run((pid) => {
    client = pid
  })
  clearInterval(looking)
  look()
  const seconds = (performance.now() - start) / 1000
  return {
    what,
    found,
    seconds,
    serverMiB: Math.round(serverMiB),
    clientMiB: clientMiB === 0 ? null : Math.round(clientMiB),
  }
}

async function pages(query: string): Promise<number> {
  let found = 0
  for (let path: string | null = `/entries?${query}`; path !== null; ) {
    const { entries, next } = (await (await fetch(url + path)).json()) as { entries: unknown[]; next: string | null }
    found += entries.length
    path = next
  }
  return found
}

async function count(query: string): Promise<number> {
  return ((await (await fetch(`${url}/entries/count?${query}`)).json()) as { count: number }).count
}

async function refused(): Promise<number> {
  const body = JSON.stringify({ email: NAME })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v1/index/retrieve`, { method: 'POST', body, headers })
  const { message } = (await answer.json()) as { message: string }
  return answer.status === 400 ? Number.parseInt(message, 10) : Number.NaN
}

/** Lines that `colophon search` prints, but for the last. */
async function program(see: (pid: number) => void): Promise<number> {
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const argv = [main, 'search', '--email', NAME, '--url', url, '--limit', String(ENTRIES), '--json']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  see(child.pid as number)
  let lines = 0
  for await (const chunk of child.stdout) for (const byte of chunk as Buffer) if (byte === 10) lines++
  return lines - 1
}

const rows = [
  await measured(server, 'the first page, and no more', async () => {
    const { entries } = (await (await fetch(`${url}/entries?email=${NAME}`)).json()) as { entries: unknown[] }
    return entries.length
  }),
  await measured(server, 'GET /entries, all pages', () => pages(`email=${NAME}`)),
  await measured(server, 'again', () => pages(`email=${NAME}`)),
  await measured(server, 'GET /entries, two names, and', () => pages('email=third&subject=tenth&operator=and')),
  await measured(server, 'GET /entries, two names, or', () => pages('email=third&subject=tenth')),
  await measured(server, 'GET /entries/count', () => count(`email=${NAME}`)),
  await measured(server, 'GET /entries/count, two names, and', () => count('email=third&subject=tenth&operator=and')),
  await measured(server, 'POST /api/v1/index/retrieve, refused', refused),
  await measured(server, 'colophon search', program),
  await measured(server, 'again', program),
]
await server.stop()
if (values.json) console.log(JSON.stringify(rows))
else
  for (const { what, found, seconds, serverMiB, clientMiB } of rows)
    console.log(`| ${what} | ${found} | ${seconds.toFixed(2)} | ${serverMiB} | ${clientMiB ?? ''} |`)
