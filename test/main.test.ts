/** What only a process of its own shows: signals, and output that nobody reads. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const argv = [MAIN, 'verify', BUNDLE, '--bundle', '/dev/stdin', ...IDENTITY, ...ROOT]
    const waiting = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'pipe'] })
    const timer = setInterval(() => waiting.kill(signal), 500)
    const ended = await once(waiting, 'exit')
    clearInterval(timer)
    waiting.stdin.destroy()
    t.same(ended, [null, signal])
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
