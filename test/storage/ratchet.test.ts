import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createRatchet, memoryRatchet, openRatchet, ratchetPath } from '../../src/storage/ratchet.ts'
import { formatSlot, SLOT_BYTES } from '../../src/storage/ratchet-slot.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { mark, ratchetContract } from '../contract/ratchet.ts'
import { IDENTITY, ratchetsContract } from '../contract/ratchets.ts'

ratchetContract('memory', async (_, start) => memoryRatchet(start))
ratchetsContract('files', async (t) => {
  const dir = join(t.testdir({}), 'ratchet')
  return () => ratchetDirectory(dir)
})

/** A ratchet that went to 1, 2 and 3; the newest slot is the first, at byte 0. */
async function advanced(t: Test): Promise<{ path: string; bytes: Buffer }> {
  const path = ratchetPath(t.testdir({}), IDENTITY)
  const ratchet = await createRatchet(path, IDENTITY, mark(1))
  await ratchet.advance(mark(2))
  await ratchet.advance(mark(3))
  await ratchet.advance(mark(4))
  await ratchet.advance(mark(5))
  return { path, bytes: readFileSync(path) }
}

const NEWEST = SLOT_BYTES // sequence numbers 0 and 1 at creation, so the fifth write is an odd one

const read = async (path: string, identity = IDENTITY) => (await openRatchet(path, identity)).read()

t.test('is named by the key, and remembers', async (t) => {
  const { path, bytes } = await advanced(t)
  t.match(path, /\/0102ab04\.ratchet$/)
  t.equal(bytes.length, 2 * SLOT_BYTES)
  t.same(await read(path), mark(5))
  const again = await openRatchet(path, IDENTITY)
  await again.advance(mark(6))
  t.same(await read(path), mark(6))
})

t.test('is made once, where there is a place for it', async (t) => {
  const path = ratchetPath(t.testdir({}), IDENTITY)
  await t.rejects(openRatchet(path, IDENTITY), {
    code: 'RATCHET_REFUSED',
    message: /is missing.*memory of the last head/,
  })
  t.notOk(existsSync(path))
  writeFileSync(`${path}.new`, 'cut off')
  await createRatchet(path, IDENTITY, mark(3))
  t.notOk(existsSync(`${path}.new`))
  await t.rejects(createRatchet(path, IDENTITY, mark(0)), { code: 'RATCHET_REFUSED', message: /exists already/ })
  t.same(await read(path), mark(3))
  await t.rejects(createRatchet(`${path}/none/x`, IDENTITY, mark(0)), { code: 'RATCHET_REFUSED' })
})

t.test('a write torn at any byte leaves the slot before it', async (t) => {
  const { path, bytes: before } = await advanced(t)
  const next = formatSlot(IDENTITY, { sequence: 6, mark: mark(6) })
  const step = (at: number) => (at < 128 || at > SLOT_BYTES - 64 ? 1 : 61)
  for (let at = 0; at < SLOT_BYTES; at += step(at)) {
    const torn = Buffer.from(before)
    torn.set(next.subarray(0, at), 0)
    writeFileSync(path, torn)
    const found = await read(path)
    if (found.size !== 5) t.fail(`torn at byte ${at}: ${found.size}`)
  }
  const whole = Buffer.from(before)
  whole.set(next, 0)
  writeFileSync(path, whole)
  t.same(await read(path), mark(6))
})

t.test('a byte changed anywhere in the newest slot leaves the other, which is then written over', async (t) => {
  const { path, bytes } = await advanced(t)
  for (let at = 0; at < SLOT_BYTES; at++) {
    const changed = Buffer.from(bytes)
    changed[NEWEST + at] = (changed[NEWEST + at] ?? 0) ^ (1 << (at % 8))
    writeFileSync(path, changed)
    const found = await read(path)
    if (found.size !== 4) t.fail(`byte ${at}: ${found.size}`)
  }
  const ratchet = await openRatchet(path, IDENTITY)
  await ratchet.advance(mark(9))
  t.same(await read(path), mark(9))
})

t.test('refuses what it cannot trust', async (t) => {
  const { path, bytes } = await advanced(t)
  const slot = (sequence: number, size: number, identity = IDENTITY) =>
    Buffer.from(formatSlot(identity, { sequence, mark: mark(size) }))
  const other = { ...IDENTITY, origin: 'other.example' }
  const later = Buffer.from(slot(6, 6))
  later[23] = 2
  const cases: Record<string, [Buffer, RegExp]> = {
    'both slots bad': [Buffer.alloc(2 * SLOT_BYTES, 7), /torn or corrupt/],
    'all zeros': [Buffer.alloc(2 * SLOT_BYTES), /torn or corrupt/],
    empty: [Buffer.alloc(0), /torn or corrupt/],
    'one byte short': [bytes.subarray(0, -1), /torn or corrupt/],
    'one byte long': [Buffer.concat([bytes, Buffer.alloc(1)]), /torn or corrupt/],
    'one slot only': [bytes.subarray(0, SLOT_BYTES), /torn or corrupt/],
    'slots swapped': [Buffer.concat([slot(5, 5), slot(4, 4)]), /torn or corrupt/],
    'the same slot twice': [Buffer.concat([slot(4, 4), slot(4, 4)]), /torn or corrupt/],
    'a gap between them': [Buffer.concat([slot(4, 4), slot(7, 7)]), /do not follow each other/],
    'the newer one smaller': [Buffer.concat([slot(4, 4), slot(5, 3)]), /do not follow each other/],
    'of another origin': [Buffer.concat([slot(4, 4, other), slot(5, 5, other)]), /belongs to another log/],
    'half of another origin': [Buffer.concat([slot(4, 4), slot(5, 5, other)]), /belongs to another log/],
  }
  for (const [what, [content, message]] of Object.entries(cases)) {
    writeFileSync(path, content)
    await t.rejects(openRatchet(path, IDENTITY), { code: 'RATCHET_REFUSED', message }, what)
  }
  writeFileSync(path, bytes)
  const keyId = Uint8Array.of(1, 2, 0xab, 5)
  await t.rejects(read(path, { ...IDENTITY, keyId }), { code: 'RATCHET_REFUSED', message: /belongs to another log/ })
  rmSync(path)
  mkdirSync(path)
  await t.rejects(openRatchet(path, IDENTITY), { message: /EISDIR|RATCHET/ })
})

t.test('a version to come is refused by name', async (t) => {
  const { createHash } = await import('node:crypto')
  const { path } = await advanced(t)
  const slot = Buffer.from(formatSlot(IDENTITY, { sequence: 6, mark: mark(6) }))
  slot[23] = 2
  slot.set(
    createHash('sha256')
      .update(slot.subarray(0, SLOT_BYTES - 32))
      .digest(),
    SLOT_BYTES - 32,
  )
  writeFileSync(path, Buffer.concat([slot, slot]))
  await t.rejects(openRatchet(path, IDENTITY), { code: 'RATCHET_REFUSED', message: /version 2/ })
})

t.test('a file that someone else moved, replaced or removed ends it', async (t) => {
  const changes: Record<string, (path: string, old: Buffer) => void | Promise<void>> = {
    'advanced by a second server': async (path) => (await openRatchet(path, IDENTITY)).advance(mark(6)),
    'an older copy put back': (path, old) => writeFileSync(path, old),
    removed: (path) => rmSync(path),
  }
  for (const [what, change] of Object.entries(changes)) {
    const { path, bytes } = await advanced(t)
    const ratchet = await openRatchet(path, IDENTITY)
    await ratchet.advance(mark(5))
    if (what !== 'advanced by a second server') await ratchet.advance(mark(6))
    await change(path, bytes)
    await t.rejects(ratchet.advance(mark(7)), { code: 'RATCHET_REFUSED' }, what)
    await t.rejects(
      ratchet.advance(mark(8)),
      { code: 'RATCHET_REFUSED', message: /failed before/ },
      `${what}: for good`,
    )
  }
})
