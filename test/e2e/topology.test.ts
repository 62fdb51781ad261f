/** The services of docker-compose.yml as processes: what `npm run topology -- --check` tries holds, and nothing is left over. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseCompose } from '../../scripts/topology/compose.ts'
import { ROOT, run } from './support.ts'

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
    ['127.0.0.1:${COLOPHON_PORT:-3000}:3000', '3000:3000', /not understood: 3000:3000/],
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
  for (const words of [/verified offline/, /was killed; the next entry/, /cosigned and audited/, /the bucket alone/])
    t.match(done.stdout, words)
  t.comment(done.stdout)
})
