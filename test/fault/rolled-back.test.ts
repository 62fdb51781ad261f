/**
 * A database that was put back together with its ratchet, so that the log itself cannot know: its witnesses do. The first
 * round of the start hears even the slow one, nothing is shown, sealed or lost, and the tail fits when it is brought back.
 */

import { cp, rename, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { fill } from '../e2e/fill.ts'
import { freePort, MAIN, PROGRAM_ENV, ROOT, run, type Server, scratch, soleLog, startServer } from '../e2e/support.ts'
import { startWitness, type WitnessProcess } from './witness-process.ts'

const folder = await scratch(t)
const at = (name: string) => join(folder, name)
const place = ['--data', at('data'), '--ratchet', at('ratchet')]
const colophon = (...words: readonly string[]) =>
  run(process.execPath, [MAIN, ...words], { cwd: ROOT, env: PROGRAM_ENV })

await colophon('log', 'create', 'v2', '--origin', 'log.example', ...place)
const { vkey: log } = await soleLog(at('data'))

async function witness(name: string): Promise<WitnessProcess> {
  const opened = await startWitness(at(name), { name: `${name}.example`, log })
  t.teardown(() => opened.kill('SIGKILL'))
  return opened
}

const [near, far] = [await witness('near'), await witness('far')]

/** In front of `far`: slower than `near`. */
const slow = createServer((asked, answer) => {
  const chunks: Buffer[] = []
  asked.on('data', (chunk: Buffer) => chunks.push(chunk))
  asked.on('end', async () => {
    await sleep(400)
    const passed = httpRequest(`${far.url}${asked.url}`, { method: 'POST' }, (got) => {
      answer.writeHead(got.statusCode ?? 0)
      got.pipe(answer)
    })
    passed.end(Buffer.concat(chunks))
  })
})
const port = await freePort()
slow.listen(port, '127.0.0.1')
t.teardown(() => slow.close())

function line(name: string, { output }: WitnessProcess, url: string): string {
  const listening = output()
    .split('\n')
    .find((one) => one.includes('"msg":"listening"'))
  return `witness ${name} ${JSON.parse(listening ?? '').vkeys[0]} ${url}\n`
}

async function policy(name: string, quorum: string): Promise<string> {
  const lines = line('near', near, near.url) + line('far', far, `http://127.0.0.1:${port}`)
  await writeFile(at(name), `${lines}${quorum}\n`)
  return at(name)
}

async function serve(policyFile: string, ...flags: readonly string[]): Promise<Server> {
  const server = await startServer(at('data'), '--ratchet', at('ratchet'), '--witness-policy', policyFile, ...flags)
  t.teardown(() => server.kill())
  return server
}

const checkpoint = async ({ url }: Server) =>
  new Uint8Array(await (await fetch(`${url}/logs/v2/checkpoint`)).arrayBuffer())
const sizeOf = (note: Uint8Array): number => parseCheckpoint(parseNote(note).text).size
const durable = async ({ url }: Server) =>
  Number(/colophon_tree_size\{log="v2",kind="durable"\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1])

async function copyBoth(from: string, to: string): Promise<void> {
  for (const name of ['data', 'ratchet']) await cp(at(`${from}${name}`), at(`${to}${name}`), { recursive: true })
}

t.test('a rolled-back log, with its ratchet', async (t) => {
  const [onlyFar, any] = [
    await policy('far-policy', 'quorum far'),
    await policy('any', 'group g any near far\nquorum g'),
  ]
  const before = await serve(onlyFar)
  await fill(before.url, 2)
  const shownBefore = await checkpoint(before)
  await before.stop()
  await copyBoth('', 'older-')
  const grown = await serve(onlyFar, '--publish', at('www'))
  await fill(grown.url, 3)
  t.equal(sizeOf(await checkpoint(grown)), 5)
  await grown.stop()

  await copyBoth('', 'newer-')
  for (const name of ['data', 'ratchet']) {
    await rename(at(name), at(`gone-${name}`))
    await rename(at(`older-${name}`), at(name))
  }
  const rolled = await serve(any)
  t.match(
    rolled.output(),
    /has cosigned a tree of 5, and this one has 2.*"WITNESS_REFUSED".*a witness has seen another history/,
    'told at once, and why',
  )
  t.same(await checkpoint(rolled), shownBefore, 'not even the old head is signed anew')
  const adding = await Promise.allSettled([fill(rolled.url, 1), fill(rolled.url, 1)])
  t.same(
    adding.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  t.same(await checkpoint(rolled), shownBefore)
  t.equal(await durable(rolled), 2, 'nothing is built upon the gap')
  await rolled.stop()
  const again = await serve(any)
  t.same(await checkpoint(again), shownBefore, 'nor by another start')
  t.equal(await durable(again), 2, 'nor by the end of the one before')
  await again.stop()

  const early = await colophon('recover', '--from', at('www'), ...place)
  t.match(early, { code: 3, stderr: /RATCHET_REFUSED: the ratchet is older than the copy/ })
  await rename(at('ratchet'), at('old-ratchet'))
  await cp(at('newer-ratchet'), at('ratchet'), { recursive: true })
  const back = await colophon('recover', '--from', at('www'), ...place)
  t.match(back, { code: 0, stdout: /3 entries brought, now 5/ }, back.stderr)
  const whole = await serve(any)
  t.equal(sizeOf(await checkpoint(whole)), 5)
  await fill(whole.url, 1)
  t.equal(sizeOf(await checkpoint(whole)), 6)
  t.notMatch(whole.output(), /WITNESS_REFUSED/)
  await whole.stop()
  t.match(await colophon('fsck', ...place), { code: 0 })
})
