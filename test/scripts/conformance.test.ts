/**
 * The Sigstore conformance suite, through the client that it starts, with the arguments that it gives: every folder, by
 * file and by digest. What it expects is in the folder's name alone.
 */

import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ourWords } from '../../scripts/conformance.ts'
import { command } from '../cli/support.ts'
import { CONFORMANCE } from '../cli/verify/conformance-flags.ts'
import { BEACON, CASE_NAMES } from '../verify/conformance.ts'

t.setTimeout(120_000)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** As test/test_bundle.py makes them, in its order. */
function suiteArguments(name: string, subject: 'file' | 'digest'): string[] {
  const file = (path: string) => join(CONFORMANCE, name, path)
  const text = (path: string) => (existsSync(file(path)) ? readFileSync(file(path), 'utf8').trim() : undefined)
  const artifact = existsSync(file('artifact')) ? file('artifact') : join(CONFORMANCE, 'a.txt')
  return [
    'verify-bundle',
    ...['--bundle', file('bundle.sigstore.json')],
    ...(existsSync(file('key.pub'))
      ? ['--key', file('key.pub')]
      : [
          '--certificate-identity',
          text('identity') ?? BEACON.name,
          '--certificate-oidc-issuer',
          text('issuer') ?? BEACON.issuer,
        ]),
    ...(existsSync(file('trusted_root.json')) ? ['--trusted-root', file('trusted_root.json')] : []),
    subject === 'file' ? artifact : `sha256:${hash('sha256', readFileSync(artifact))}`,
  ]
}

function isExpected(name: string, code: number): boolean {
  return name.endsWith('_fail') ? code !== 0 : code === 0
}

for (const subject of ['file', 'digest'] as const)
  t.test(`by ${subject}`, async (t) => {
    t.equal(CASE_NAMES.length, 70)
    for (const name of CASE_NAMES) {
      const { code, printed } = await command(ourWords(suiteArguments(name, subject), {}))
      t.ok(isExpected(name, code), `${name}: exit code ${code}`)
      t.equal(printed.startsWith('VERIFIED'), code === 0, name)
    }
  })

t.test('as the suite starts it', async (t) => {
  const run = (argv: readonly string[]) =>
    new Promise<number>((resolve) => {
      const child = execFile('npm', ['run', '--silent', 'conformance', '--', ...argv], { cwd: ROOT }, () =>
        resolve(child.exitCode ?? -1),
      )
    })
  for (const [name, subject] of [
    ['happy-path-v0.3', 'file'],
    ['rekor2-dsse-happy-path', 'digest'],
    ['managed-key-happy-path', 'file'],
    ['signature-mismatch_fail', 'digest'],
  ] as const) {
    const code = await run(suiteArguments(name, subject))
    t.ok(isExpected(name, code), `${name} by ${subject}: exit code ${code}`)
  }
  t.not(await run(['verify-bundle']), 0)
  t.not(await run(['sign']), 0)
})

t.test('what the suite never says is refused', async (t) => {
  const [name = '', ...rest] = suiteArguments('happy-path-v0.3', 'file')
  t.throws(() => ourWords([], {}), { message: /takes verify-bundle or sign-bundle/ })
  t.throws(() => ourWords([name, ...rest.slice(2)], {}), { message: /--bundle is missing/ })
  t.throws(() => ourWords([name, '--staging', ...rest], {}), { message: /--staging: its root is not here/ })
  t.throws(() => ourWords([name, '--xfail', ...rest], {}), { code: 'CONFIG_INVALID' })
  const named = ourWords([name, '--staging', '--trusted-root', 'root.json', ...rest], {})
  t.ok(named.includes('--trusted-root=root.json'))
})
