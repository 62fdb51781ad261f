/**
 * `colophon verify` of a large file beside `openssl dgst -sha256`, on the same file in the page cache:
 * `npm run build && node bench/hash.ts [--gib 4] [--rounds 5] [--json]`. The bundle is another file's: all of the work is
 * done before that is known, and the exit code is 1.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, type Program, sideBySide } from './side-by-side.ts'

const CASES = fileURLToPath(new URL('../test/vectors/sigstore-conformance/bundle-verify/', import.meta.url))
const CASE = `${CASES}managed-key-and-trusted-root`
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'bench-hash-'))
const path = join(folder, 'large')

try {
  write(Number(values.gib) * 1024)
  const trust = ['--bundle', `${CASE}/bundle.sigstore.json`, '--trusted-root', `${CASE}/trusted_root.json`]
  const openssl: Program = { name: 'openssl dgst -sha256', argv: ['openssl', 'dgst', '-sha256', path] }
  const ours: Program = {
    name: 'colophon verify',
    argv: [process.execPath, MAIN, 'verify', path, ...trust, '--key', `${CASE}/key.pub`],
    code: 1,
  }
  report(sideBySide([openssl, ours], Number(values.rounds)))
} finally {
  rmSync(folder, { recursive: true })
}

function report(costs: ReturnType<typeof sideBySide>): void {
  const [theirs = [], ours = []] = costs.values()
  const rows = [...costs].map(([name, samples]) => ({
    name,
    bestGBs: rate(Math.min(...samples.map(({ wallMs }) => wallMs))),
    medianGBs: rate(median(samples.map(({ wallMs }) => wallMs))),
    minCpuS: Math.min(...samples.map(({ cpuMs }) => cpuMs)) / 1000,
  }))
  const ratios = theirs.map(({ wallMs }, round) => Number((wallMs / (ours[round]?.wallMs ?? Number.NaN)).toFixed(2)))
  const load = readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0]
  if (values.json === true) console.log(JSON.stringify({ gib: Number(values.gib), rows, ratios, load }))
  else {
    console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
    console.log(`of openssl's rate, by round: ${ratios.join(' ')}; median ${median(ratios)}; load ${load}`)
  }
}

function rate(ms: number): number {
  return Number(((Number(values.gib) * 2 ** 30) / 1e6 / ms).toFixed(2))
}

/** No two pieces are equal, for the sake of file systems that would notice. */
function write(mebibytes: number): void {
  const piece = randomBytes(2 ** 20)
  const file = openSync(path, 'w')
  for (let at = 0; at < mebibytes; at++) {
    piece.writeUInt32LE(at)
    writeSync(file, piece)
  }
  closeSync(file)
}
