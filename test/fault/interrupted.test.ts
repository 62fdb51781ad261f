/** Commands that are killed again and again, each time a little later, and then run once to their end. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { CHILD_ENV } from '../child-env.ts'
import { scratch } from '../cli/support.ts'
import { fill } from '../e2e/fill.ts'
import { colophon, ROOT, startServer } from '../e2e/support.ts'

t.setTimeout(120_000)

const SIZE = 3000
const ATTEMPTS = 8
/** A process needs about this long before it does anything. */
const STARTING_MS = 200

const folder = scratch(t)
const at = (name: string) => join(folder, name)
const place = (data: string) => ['--data', at(data), '--ratchet', at('ratchet')]

const server = await startServer(at('data'), '--ratchet', at('ratchet'))
await fill(server.url, 300)
await colophon('backup', at('old-backup'), '--data', at('data'))
await fill(server.url, SIZE - 300)
await colophon('backup', at('backup'), '--data', at('data'))
await server.stop()

/** Milliseconds that a whole run takes; what it did is thrown away by `reset`. */
async function timed(argv: readonly string[], reset: () => void): Promise<number> {
  const before = performance.now()
  await colophon(...argv)
  const ms = performance.now() - before
  reset()
  return ms
}

/** Killed at moments spread over the time of a whole run. Returns how many were killed in the middle. */
async function killed(argv: readonly string[], wholeMs: number): Promise<number> {
  let cut = 0
  for (let i = 1; i <= ATTEMPTS; i++) {
    const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...argv], { env: CHILD_ENV, stdio: 'ignore' })
    const ended = once(child, 'exit')
    await Promise.race([ended, sleep(STARTING_MS + ((wholeMs - STARTING_MS) * i) / ATTEMPTS)])
    child.kill('SIGKILL')
    const [, signal] = await ended
    if (signal !== null) cut++
  }
  return cut
}

function files(name: string): readonly string[] {
  return readdirSync(at(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.work'))
    .map((entry) => join(entry.parentPath, entry.name).slice(at(name).length + 1))
    .sort()
}

t.test('export', async (t) => {
  const argv = ['export', at('www'), ...place('data')]
  const ms = await timed(argv, () => cpSync(at('www'), at('reference'), { recursive: true }))
  rmSync(at('www'), { recursive: true })
  t.ok((await killed(argv, ms)) > 0, 'some were killed in the middle')
  if (existsSync(at('www/v2/checkpoint'))) t.pass('the last one had come to its end')
  await colophon(...argv)
  t.same(files('www'), files('reference'))
  for (const path of files('www'))
    t.ok(readFileSync(at(`www/${path}`)).equals(readFileSync(at(`reference/${path}`))), path)
  t.same(readdirSync(at('www/v2/.work/new')), [])
})

t.test('recover', async (t) => {
  const back = () => {
    rmSync(at('rolled'), { recursive: true, force: true })
    mkdirSync(at('rolled'))
    cpSync(at('old-backup/log.db'), at('rolled/log.db'))
    cpSync(at('old-backup/keys'), at('rolled/keys'), { recursive: true })
  }
  back()
  const argv = ['recover', '--from', at('reference'), ...place('rolled')]
  const ms = await timed(argv, back)
  t.ok((await killed(argv, ms)) > 0)
  t.match(await colophon(...argv), new RegExp(`now ${SIZE}\n$`))
  t.equal(await colophon('fsck', ...place('rolled')), `v2: ${SIZE} entries, clean\n`)
})

t.test('restore', async (t) => {
  const away = () => rmSync(at('restored'), { recursive: true, force: true })
  const argv = ['restore', at('backup'), ...place('restored')]
  const ms = await timed(argv, away)
  t.ok((await killed(argv, ms * 0.9)) > 0)
  if (!existsSync(at('restored/log.db'))) await colophon(...argv)
  t.notOk(files('restored').some((path) => path.includes('restoring')))
  t.equal(await colophon('fsck', ...place('restored')), `v2: ${SIZE} entries, clean\n`)
})
