/** README.md's commands, all of them, as a newcomer runs them: one after the other, in one shell, in the clone. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { client, PROGRAM_ENV, ROOT, run, scratch, startServer } from './support.ts'

t.setTimeout(5 * 60_000)

const BLOCKS = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```sh(?: \w+)?\n([\s\S]*?)^```$/gm)]

t.test('what README says to type', async (t) => {
  t.equal(BLOCKS.length, 4)
  const server = await startServer(join(await scratch(t), 'data'))
  t.teardown(() => server.kill())
  const commands = BLOCKS.map(([, block = '']) => block).join('')
  const script = `set -euo pipefail\n${commands.replaceAll('http://localhost:3000', server.url)}`
  const PATH = `${dirname(await client('cosign'))}:${process.env.PATH}`
  const { code, stdout, stderr } = await run('bash', ['-c', script], { env: { ...PROGRAM_ENV, PATH } })
  t.equal(code, 0, stderr)
  t.match(stdout, /^signed +.*hello\.txt\n/m)
  t.match(stdout, /^VERIFIED/m)
  t.match(stderr, /^Verified OK$/m, 'cosign')
  t.match(stdout, /NOT VERIFIED: /, 'inspect')
})

t.test('as many entries as were signed, the first with the hash that the last commands compare', async (t) => {
  const server = await startServer(join(await scratch(t), 'data'))
  t.teardown(() => server.kill())
  const [first = '', , , last = ''] = BLOCKS.map(([, block]) => block)
  const script = `set -euo pipefail\n${first}${last}`.replaceAll('http://localhost:3000', server.url)
  const { code, stdout, stderr } = await run('bash', ['-c', script], { env: PROGRAM_ENV })
  t.equal(code, 0, stderr)
  const [computed, stored] = stdout.trimEnd().split('\n').reverse()
  t.equal(computed, stored)
  t.match(stdout, /"entries":\[\{"log":"v2","index":0,/, 'found by its digest')
})
