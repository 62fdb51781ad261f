/** From a key to its entries in the logs, with nothing but this program: keygen, sign, loginfo, get, search, and the same of a static copy. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serveFolder } from './static-server.ts'
import { colophon, MAIN, PROGRAM_ENV, run, scratch, startServer } from './support.ts'

t.setTimeout(5 * 60_000)

const folder = await scratch(t)
const at = (name: string) => join(folder, name)
const server = await startServer(at('data'), '--dialects', 'rekor-v1,rekor-v2')
t.teardown(() => server.kill())
const root = ['--trusted-root', at('data/trust/trusted_root.json')]
const key = ['--key', at('key.pem')]
await writeFile(at('key.pub'), await colophon('keygen', at('key.pem'), '--algorithm', 'ecdsa-p256'))

async function sign(name: string, version: '1' | '2'): Promise<void> {
  await writeFile(at(name), `this is ${name}`)
  await colophon('sign', at(name), ...key, '--rekor-url', server.url, '--rekor-version', version, ...root)
}

const asked = async (...argv: string[]) => {
  const { code, stdout, stderr } = await run(process.execPath, [MAIN, ...argv, '--json'], { env: PROGRAM_ENV })
  const lines = stdout.split('\n').slice(0, -1)
  return { code, stderr, lines: lines.map((line) => JSON.parse(line)) }
}

t.test('logs that grow, their entries, and a copy', async (t) => {
  const state = ['--state', at('seen.json')]
  await sign('one', '2')
  t.match(await asked('loginfo', '--url', server.url, ...root, ...state), { code: 0, stderr: '' })
  await sign('two', '2')
  await sign('three', '1')
  const grown = await asked('loginfo', '--url', server.url, ...root, ...state)
  t.match(grown.lines, [{ logs: [{ head: { before: 0, size: 1 } }, { head: { before: 1, size: 2 } }] }])

  const found = await asked('search', '--key', at('key.pub'), '--url', server.url, ...root)
  const entries = ['v1:0', 'v2:0', 'v2:1'].map((entry) => ({ entry, outcome: 'verified', fits: 'leaf' }))
  t.match(found, { code: 0, stderr: '', lines: [...entries, { count: 3, listed: 3 }] })
  for (const name of ['one', 'three'])
    t.match(await asked('get', at(name), '--url', server.url, ...root), { code: 0, lines: [{ outcome: 'verified' }] })

  await colophon('export', at('copy'), '--data', at('data'))
  const copy = await serveFolder(t, at('copy/v2'))
  t.match(await asked('loginfo', '--url', copy, ...root, '--state', at('copy.json')), {
    code: 0,
    lines: [{ server: 'tiles', logs: [{ outcome: 'verified', head: { size: 2 } }] }],
  })
  t.match(await asked('get', '1', '--url', copy, ...root), { code: 0, lines: [{ entry: { index: 1 } }] })
  t.match(await asked('search', at('one'), '--url', copy, ...root), { code: 3, stderr: /^CHECK_UNAVAILABLE: / })
})

t.test('a copy that was put back', async (t) => {
  const older = await readFile(at('copy/v2/checkpoint'))
  const copy = await serveFolder(t, at('copy/v2'))
  const look = () => asked('loginfo', '--url', copy, ...root, '--state', at('back.json'))
  await sign('four', '2')
  await colophon('export', at('copy'), '--data', at('data'))
  t.match(await look(), { code: 0, lines: [{ logs: [{ head: { size: 3 } }] }] })
  await writeFile(at('copy/v2/checkpoint'), older)
  t.match(await look(), { code: 1, lines: [{ logs: [{ outcome: 'not verified', error: { code: 'TREE_SHRUNK' } }] }] })
})
