/** The server ends at every step between the first wish for a successor and its first entry; then it is started again. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { LIFE, type Step } from '../../src/log/steps.ts'
import { scratch } from '../cli/support.ts'
import * as make from '../dialects/rekor-v1/support.ts'
import { P256 } from '../dialects/rekor-v2/support.ts'
import { MAIN, PROGRAM_ENV, run } from '../e2e/support.ts'
import { Server } from './server.ts'

t.setTimeout(300_000)
t.teardown(closeCrypto)

const ENTRIES = '/api/v1/log/entries'
const FLAGS = ['--dialects', 'rekor-v1', '--duplicates', 'return']
const ANYWHERE = { nth: 1, from: Number.MAX_SAFE_INTEGER, to: 0 }
const folder = scratch(t)
const at = (name: string) => join(folder, name)
const colophon = (...argv: readonly string[]) => run(process.execPath, [MAIN, ...argv], { env: PROGRAM_ENV })
const freeze = (data: string) => colophon('freeze', 'v1', '--next', 'v1b', '--yes', '--data', data)

let written = 0

/** The ID of a new entry; undefined where no receipt came. */
async function write(url: string): Promise<string | undefined> {
  const body = JSON.stringify(make.hashedRekord({ ...P256, message: utf8(`message ${written++}`) }))
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}${ENTRIES}`, { method: 'POST', headers, body }).catch(() => undefined)
  return answer?.status === 201 ? Object.keys((await answer.json()) as object)[0] : undefined
}

/** Entries without a pause until one gets no receipt that is no 503, or it is told to stop. */
async function writeOn(url: string, receipts: string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const id = await write(url)
    if (id !== undefined) receipts.push(id)
    else if (!(await isAlive(url))) return
  }
}

function isAlive(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  )
}

async function start(data: string, crash?: Step): Promise<Server> {
  const server = new Server(data, { flags: FLAGS, ...(crash && { crash: { ...ANYWHERE, step: crash } }) })
  if (!(await server.ready())) throw new Error(server.output())
  return server
}

const first = await start(at('filled'))
const before: string[] = []
for (let i = 0; i < 20; i++) before.push((await write(first.url)) ?? '')
await first.kill()

async function crashAt(t: Test, step: Step): Promise<void> {
  const data = at(`at-${step}`)
  cpSync(at('filled'), data, { recursive: true })
  const receipts = [...before]
  const server = await start(data, step)
  const over = new AbortController()
  const writing = [1, 2, 3].map(() => writeOn(server.url, receipts, over.signal))
  const cut = await freeze(data)
  t.match(await server.ended, { signal: 'SIGKILL' }, 'the server ended there')
  t.match(cut, { code: 3, stderr: /^(.*\n)?LOG_FAILED: the server ended before it answered/ })
  over.abort()
  await Promise.all(writing)

  const again = await start(data)
  const isTaken = await write(again.url)
  t.equal(typeof isTaken, 'string', 'some tree takes entries')
  receipts.push(isTaken ?? '')
  t.match(await freeze(data), { code: 0, stdout: /v1b \(localhost - \d+\) takes its place/ })
  const isNext = await write(again.url)
  receipts.push(isNext ?? '')
  const info = (await (await fetch(`${again.url}/api/v1/log`)).json()) as { treeID: string; inactiveShards: object[] }
  t.equal(info.treeID, String(BigInt(`0x${isNext?.slice(0, 16)}`)), 'which is the next one')
  t.equal(info.inactiveShards.length, 1)
  for (const id of receipts) {
    const answer = await fetch(`${again.url}${ENTRIES}/${id}`)
    t.equal(answer.status, 200, `what was acknowledged is there: ${id}`)
  }
  t.same(again.errors(), [])
  t.match(await again.stop(), { code: 0 })
  t.match(await colophon('fsck', '--data', data), {
    code: 0,
    stdout: /^v1: \d+ entries, clean\nv1b: \d+ entries, clean\n$/,
  })
}

for (const step of LIFE) t.test(`ended at: ${step}`, async (t) => await crashAt(t, step))
