/** What only a process of its own shows: signals, and output that nobody reads. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const BUNDLE = join(
  import.meta.dirname,
  'vectors/sigstore-conformance/bundle-verify/happy-path-v0.3/bundle.sigstore.json',
)
const IDENTITY = ['--certificate-identity', 'a@b.example', '--certificate-oidc-issuer', 'https://b.example']
const ROOT = ['--trusted-root', join(import.meta.dirname, 'vectors/sigstore-conformance/trusted_root.public-good.json')]

t.test('the first Ctrl-C ends a command that waits', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const argv = ['verify', BUNDLE, '--log', `http://127.0.0.1:${port}`, ...IDENTITY, ...ROOT]
    const child = spawn(process.execPath, [MAIN, ...argv], { stdio: 'ignore' })
    const [asked] = await once(silent, 'connection')
    child.kill(signal)
    t.same(await once(child, 'exit'), [null, signal])
    asked.destroy()
  }
})

t.test('output that nobody reads changes no exit code', async (t) => {
  for (const [argv, code] of [
    [['help'], 0],
    [['verify', BUNDLE, ...IDENTITY, ...ROOT], 3],
    [['nothing'], 2],
  ] as const) {
    const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    child.stderr.destroy()
    t.same(await once(child, 'exit'), [code, null], argv[0])
  }
})

t.test('output that cannot be written is no success', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [MAIN, 'help'], { stdio: ['ignore', full, 'ignore'] })
  closeSync(full)
  t.same(await once(child, 'exit'), [3, null])
})

t.test('Ctrl-C and Ctrl-D answer no question', { skip: !existsSync('/usr/bin/script') }, async (t) => {
  const data = join(t.testdir(), 'data')
  const made = spawn(process.execPath, [MAIN, 'log', 'create', 'v2', '--origin', 'log.example', '--data', data])
  t.same(await once(made, 'exit'), [0, null])
  for (const key of ['\x03', '\x04']) {
    const line = [process.execPath, MAIN, 'retire', 'v2', '--data', data].map((word) => `'${word}'`).join(' ')
    const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'])
    let shown = ''
    for await (const piece of child.stdout) {
      const wasAsked = shown.includes('to end it: ')
      shown += piece
      if (!wasAsked && shown.includes('to end it: ')) child.stdin.write(key)
    }
    t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 1)
    t.match(shown, /nothing was done\s*$/)
  }
})
