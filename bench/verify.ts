/**
 * `colophon verify` of a small file with its bundle, as a whole process, beside cosign and sigstore-python with the same
 * bundle and root: `npm run build && node bench/verify.ts [--rounds 20] [--json]`. The bundle is a certificate's, of the
 * public instance, in the form that all three take.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Cost, median, type Program, sideBySide } from './side-by-side.ts'

const VECTORS = fileURLToPath(new URL('../test/vectors/sigstore-conformance/', import.meta.url))
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const BUNDLE = `${VECTORS}bundle-verify/happy-path-v0.3/bundle.sigstore.json`
const ROOT = `${VECTORS}trusted_root.public-good.json`
const FILE = `${VECTORS}bundle-verify/a.txt`
const NAME =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main'
const ISSUER = 'https://token.actions.githubusercontent.com'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' }, json: { type: 'boolean' } } })
if (!existsSync(MAIN)) throw new Error('dist/main.js is missing: npm run build')

const signer = ['--certificate-identity', NAME, '--certificate-oidc-issuer', ISSUER]
const programs: readonly Program[] = [
  { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
  {
    name: 'colophon verify',
    argv: [process.execPath, MAIN, 'verify', FILE, '--bundle', BUNDLE, '--trusted-root', ROOT, ...signer],
  },
  {
    name: 'cosign verify-blob',
    argv: [client('cosign'), 'verify-blob', '--bundle', BUNDLE, '--trusted-root', ROOT, ...signer, FILE],
  },
  {
    // It takes no root of the caller's for verifying; the one that it brings along is the same instance's.
    name: 'sigstore-python',
    argv: [
      ...[client('sigstore-python'), '-m', 'sigstore', 'verify', 'identity', '--offline', '--bundle', BUNDLE],
      ...['--cert-identity', NAME, '--cert-oidc-issuer', ISSUER, FILE],
    ],
  },
]

const costs = sideBySide(programs, Number(values.rounds))
const [, ours] = costs.values()
const rows = [...costs].map(([name, samples]) => row(name, samples, ours ?? []))
if (values.json === true) console.log(JSON.stringify({ rounds: Number(values.rounds), load: load(), rows }))
else {
  console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
  console.log(`${values.rounds} rounds; ratios are medians of the rounds; load ${load()}`)
}

function row(name: string, samples: readonly Cost[], ours: readonly Cost[]) {
  const wall = samples.map(({ wallMs }) => wallMs)
  const cpu = samples.map(({ cpuMs }) => cpuMs)
  const ratio = (of: (cost: Cost) => number) =>
    Number(median(samples.map((cost, round) => of(ours[round] ?? cost) / of(cost))).toFixed(2))
  return {
    name,
    minMs: Math.round(Math.min(...wall)),
    medianMs: Math.round(median(wall)),
    minCpuMs: Math.round(Math.min(...cpu)),
    medianCpuMs: Math.round(median(cpu)),
    oursToIt: ratio(({ wallMs }) => wallMs),
    oursToItCpu: ratio(({ cpuMs }) => cpuMs),
  }
}

function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0] ?? ''
}

function client(name: string): string {
  const script = fileURLToPath(new URL('../test/e2e/install-clients.sh', import.meta.url))
  return execFileSync('bash', [script, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
