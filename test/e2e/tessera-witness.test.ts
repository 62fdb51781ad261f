/** A Tessera log asks our witness, and publishes nothing without it (c2sp.org/tlog-witness, as Tessera speaks it). */

import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { openLine } from '../../src/verify/note-line.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { startWitness, type WitnessProcess } from '../fault/witness-process.ts'
import { originHash } from '../witness/support.ts'
import { createNoteKey } from './note-key.ts'
import { client, MAIN, run, scratch } from './support.ts'

t.setTimeout(15 * 60_000)

const ORIGIN = 'tessera.example/log'
const program = await client('tessera-oneshot')
const folder = await scratch(t)
const key = createNoteKey(ORIGIN)
const storage = join(folder, 'log')
const checkpointFile = join(storage, 'checkpoint')
let entries = 0
let witness = await startWitness(join(folder, 'witness'), { log: key.vkey, main: MAIN })
t.teardown(() => witness.kill('SIGKILL'))
const vkeys = vkeysOf(witness)

function vkeysOf({ output }: WitnessProcess): readonly string[] {
  const line =
    output()
      .split('\n')
      .find((one) => one.includes('"msg":"listening"')) ?? '{}'
  return (JSON.parse(line) as { vkeys: readonly string[] }).vkeys
}

/** Adds `count` entries in one batch to the log in `storage`; returns what the program said. It asks the witness or, alone, does not. */
async function grow(storage: string, count: number, word: string, asks = true) {
  const batch = await mkdtemp(join(folder, 'batch-'))
  for (let i = 0; i < count; i++) await writeFile(join(batch, String(i)), `${word} ${count} ${i}`)
  const policy = join(folder, 'policy')
  await writeFile(policy, `witness w ${vkeys[0]} ${witness.url}\nquorum w\n`)
  await writeFile(join(folder, 'key'), key.skey)
  const args = [`--storage_dir=${storage}`, `--entries=${batch}/*`, `--private_key=${join(folder, 'key')}`]
  const witnessed = asks ? [`--witness_policy_file=${policy}`] : []
  return await run(program, [...args, ...witnessed, '--logtostderr'], { timeoutMs: 20_000 })
}

async function opened(bytes: Uint8Array) {
  const note = parseNote(bytes)
  const received = { note, checkpoint: parseCheckpoint(note.text) }
  const lines = await Promise.all(
    [key.vkey, ...vkeys].map((vkey) => openLine(parseVkey(vkey), received, verifyMlDsa44)),
  )
  return { size: received.checkpoint.size, signed: lines.map((line) => line !== null) }
}

/** The newest checkpoint that the witness shows. */
async function shown(): Promise<Uint8Array> {
  const id = Buffer.from(originHash(ORIGIN)).toString('hex')
  return new Uint8Array(await (await fetch(`${witness.url}/${id}/checkpoint`)).arrayBuffer())
}

t.test('every checkpoint that it publishes is cosigned, over a restart of the witness too', async (t) => {
  for (const count of [1, 1, 255, 3]) {
    const { code, stderr } = await grow(storage, count, 'entry')
    entries += count
    t.equal(code, 0, `${count} more`, { stderr })
    // Tessera v1 takes the lines of keys that it knows, and its policy names Ed25519 witnesses alone.
    t.same(await opened(await readFile(checkpointFile)), { size: entries, signed: [true, true, false] })
    t.same(await opened(await shown()), { size: entries, signed: [true, true, true] })
    await witness.kill('SIGKILL')
    witness = await startWitness(join(folder, 'witness'), { log: key.vkey, main: MAIN })
  }
})

t.test('a log that is another one by the same key is not cosigned, and so not published', async (t) => {
  const before = await shown()
  const [empty, other] = [join(folder, 'empty'), join(folder, 'other')]
  const young = await grow(empty, 1, 'forged')
  t.not(young.code, 0)
  t.match(young.stderr, `replied with x.tlog.size ${entries}, larger than log size 0`)
  t.notOk(existsSync(join(empty, 'checkpoint')), 'it shows none')
  t.equal((await grow(other, entries + 9, 'forged', false)).code, 0, 'alone it grows')
  const alone = await readFile(join(other, 'checkpoint'))
  const { code, stderr } = await grow(other, 1, 'forged')
  t.not(code, 0)
  t.match(stderr, /422/, 'its proof does not begin at what the witness saw')
  t.same(await readFile(join(other, 'checkpoint')), alone)
  t.same(await shown(), before)
})
