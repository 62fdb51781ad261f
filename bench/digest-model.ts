/**
 * All digests of a large model, beside openssl's one: `npm run build && node bench/digest-model.ts [--gib 4] [--rounds 3]`.
 * The file is made in the folder for temporary files, of random weights, and stays in the page cache.
 */

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { concat, utf8 } from '../src/kernel/bytes.ts'
import { string, text, u32, u64 } from '../test/formats/model/make.ts'
import { machineLoad, printTable } from './loads.ts'

const { values } = parseArgs({
  options: { gib: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' } },
})
const TENSORS = 16
const BLOCK = 16 * 2 ** 20
const bytesEach = (Number(values.gib) * 2 ** 30) / TENSORS

/** One after the other, F32, each of so many bytes. */
function writeModel(path: string): void {
  const infos = Array.from({ length: TENSORS }, (_, i) =>
    concat(string(`blk.${i}.weight`), u32(1), u64(bytesEach / 4), u32(0), u64(i * bytesEach)),
  )
  const head = concat(utf8('GGUF'), u32(3), u64(TENSORS), u64(1), text('general.architecture', 'toy'), ...infos)
  const fd = openSync(path, 'w')
  writeSync(fd, concat(head, new Uint8Array(-head.length & 31)))
  const block = randomBytes(BLOCK)
  for (let left = TENSORS * bytesEach; left > 0; left -= BLOCK) writeSync(fd, block)
  closeSync(fd)
}

interface Run {
  readonly seconds: number
  readonly rssMiB: number
}

/** By GNU time, which has of a process what it took at most. */
function run(program: string, ...argv: readonly string[]): Run {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%e %M', program, ...argv], { encoding: 'utf8' })
  const [seconds = Number.NaN, kib = Number.NaN] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  if (status !== 0) throw new Error(`${program}: ${stderr}`)
  return { seconds, rssMiB: kib / 1024 }
}

const folder = mkdtempSync(join(tmpdir(), 'colophon-bench-'))
try {
  const model = join(folder, 'model.gguf')
  writeModel(model)
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const rows: string[][] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const openssl = run('openssl', 'dgst', '-sha256', model)
    const ours = run(process.execPath, main, 'inspect', model, '--digests')
    const ratio = openssl.seconds / ours.seconds
    rows.push([openssl.seconds, ours.seconds, ratio].map((value) => value.toFixed(2)).concat(ours.rssMiB.toFixed(0)))
  }
  printTable(['openssl s', 'inspect --digests s', 'speed of openssl', 'RSS MiB'], rows)
  console.log(`\n${values.gib} GiB · load ${machineLoad()}`)
} finally {
  rmSync(folder, { recursive: true })
}
