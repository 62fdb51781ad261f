/** The services of docker-compose.yml as processes: what `npm run topology -- --check` tries holds, and nothing is left over. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseCompose } from '../../scripts/topology/compose.ts'
import { CHILD_ENV } from '../child-env.ts'
import { post, signedRequest } from './fill.ts'
import { freePort, ROOT, run, scratch } from './support.ts'

t.setTimeout(10 * 60_000)

const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8')

t.test('what is not understood in docker-compose.yml is refused, not passed over', async (t) => {
  t.equal(parseCompose(text, {}).get('node-b')?.environment.COLOPHON_URL, 'http://localhost:3000')
  const set = parseCompose(text, { COLOPHON_URL: 'https://log.example', COLOPHON_LOG_LEVEL: 'debug' })
  t.match(set.get('node-a')?.environment, { COLOPHON_URL: 'https://log.example', COLOPHON_LOG_LEVEL: 'debug' })
  for (const [old, other, words] of [
    ['read_only: true\n  cap', 'readonly: true\n  cap', /not understood: readonly/],
    ['stop_grace_period: 1m', 'stop_grace_period: 1h', /not understood: 1h/],
    ['condition: service_healthy', 'condition: service_started', /the condition service_started/],
    ['ports:\n      - 127.0.0.1:', 'ports:\n      - 0.0.0.0:', /not understood: 0\.0\.0\.0:7070:7070/],
    ['test: [CMD, pg_isready', 'test: [CMD-SHELL, pg_isready', /no CMD/],
    ['database:/var/lib', 'nowhere:/var/lib', /no volume nowhere/],
    ['target: /store, volume: { nocopy', 'target: /store, volume: { labels', /not understood: labels/],
    ['POSTGRES_DB: colophon', 'POSTGRES_DB: $NAME', /not written as/],
    ['x-ours:', 'secrets:', /the file: not understood: secrets/],
    ['image: haproxy:3.0.10-alpine', 'image: 3', /not a string: 3/],
  ] as const) {
    t.ok(text.includes(old), old)
    t.throws(() => parseCompose(text.replace(old, other), {}), words, other)
  }
})

t.test('the topology does what it is for', async (t) => {
  const done = await run(process.execPath, ['scripts/topology.ts', '--check'], { timeoutMs: 8 * 60_000 })
  t.equal(done.code, 0, `${done.stdout}${done.stderr}`)
  for (const words of [/verified offline/, /was killed; the next receipt/, /cosigned and audited/, /the bucket alone/])
    t.match(done.stdout, words)
  t.comment(done.stdout)
})

t.test('Ctrl-C ends it in order, and nothing outlives it', async (t) => {
  const [port, objects, data] = [await freePort(), await freePort(), await scratch(t)]
  const env = { ...CHILD_ENV, COLOPHON_PORT: `${port}`, COLOPHON_OBJECTS_PORT: `${objects}` }
  for (const [signal, code] of [
    ['SIGINT', 0],
    ['SIGKILL', null], // again on the volumes of before
  ] as const) {
    const child = spawn(process.execPath, ['scripts/topology.ts', '--data', data], { cwd: ROOT, env })
    const ended = once(child, 'exit')
    const output = await said(child, /The log: /)
    t.match(output, /The log: /)
    t.equal((await post(`http://127.0.0.1:${port}`, signedRequest().body)).status, 201, 'an entry is taken')
    child.kill(signal)
    t.equal((await ended)[0], code, signal)
    const left = () => run('pgrep', ['-f', data])
    for (const deadline = Date.now() + 60_000; (await left()).code === 0 && Date.now() < deadline; ) await sleep(200)
    t.equal((await left()).stdout, '', `${signal}: no process is left`)
  }
})

/** Everything up to these words, or to its end. What it says later is read too: else it could write no more. */
async function said(child: ChildProcess, words: RegExp): Promise<string> {
  let text = ''
  const heard = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        text += chunk
        if (words.test(text)) resolve()
      })
  })
  await heard
  return text
}
