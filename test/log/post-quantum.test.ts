/** A log with a post-quantum line: the time in it, and that it is renewed with nobody to ask. */

import t from 'tap'
import { generateMlDsa44, importEd25519Seed } from '#crypto'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import type { Published } from '../../src/log/ports.ts'
import { createSigner } from '../../src/log/signer.ts'
import { openLine } from '../../src/verify/note-line.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { createWorld, entry, inTime, ManualClock, ORIGIN, START, start, type World } from './support.ts'

const RENEW_MS = 600_000
const key = generateMlDsa44()
const vkey = createVkey(ORIGIN, KEY_TYPE.mlDsa44, key.mlDsa44PublicKey)

function postQuantumWorld(): World {
  const own = importEd25519Seed(new Uint8Array(32).fill(7))
  const signer = createSigner(createVkey(ORIGIN, KEY_TYPE.ed25519, own.publicKey), own, { mlDsa: { vkey, key } })
  return { ...createWorld(), signer }
}

/** What the line says, verified: size of the tree, and time in seconds. */
async function lineOf(published: Published | null): Promise<[size: number, time: number | null | undefined]> {
  const note = parseNote(published?.note ?? new Uint8Array())
  const checkpoint = parseCheckpoint(note.text)
  return [checkpoint.size, (await openLine(vkey, { note, checkpoint }, verifyMlDsa44))?.time]
}

t.test('an idle log signs its newest head anew, with nobody to ask', async (t) => {
  const world = postQuantumWorld()
  const { log, steps } = await start(world)
  await inTime(world.clock, log.add(entry('a')))
  const rounds = () => steps.filter((step) => step === 'published').length
  const before = rounds()
  const [size, first] = await lineOf(log.published())
  t.equal(size, 1)
  t.ok((first ?? 0) >= Math.floor(START / 1000))
  await world.clock.advance(RENEW_MS - 1000)
  await settled()
  t.equal(rounds(), before, 'not yet')
  await world.clock.advance(2000)
  await settled()
  t.equal(rounds(), before + 1)
  const [, second] = await lineOf(log.published())
  t.ok((second ?? 0) - (first ?? 0) >= 600, 'with a time of now')
  await inTime(world.clock, log.close())
})

t.test('the time never goes back, whatever the clock does, nor over a restart', async (t) => {
  const world = postQuantumWorld()
  const first = await start(world)
  await world.clock.advance(RENEW_MS + 5000)
  await settled()
  await inTime(world.clock, first.log.add(entry('a')))
  const [, before] = await lineOf(first.log.published())
  await inTime(world.clock, first.log.close())
  const clock = new ManualClock()
  const second = await start({ ...world, clock })
  await inTime(clock, second.log.add(entry('b')))
  t.same(await lineOf(second.log.published()), [2, before])
  await inTime(clock, second.log.close())
})

/** Signatures are made on other threads. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5))
}
