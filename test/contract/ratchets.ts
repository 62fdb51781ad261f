/** What every place for ratchets must do. */

import t, { type Test } from 'tap'
import type { RatchetIdentity } from '../../src/storage/ratchet.ts'
import type { Ratchets } from '../../src/storage/ratchets.ts'
import { mark, ratchetContract } from './ratchet.ts'

export const IDENTITY: RatchetIdentity = { origin: 'log.example', keyId: Uint8Array.of(1, 2, 0xab, 4) }
const OTHER: RatchetIdentity = { origin: 'other.example', keyId: Uint8Array.of(9, 9, 9, 9) }

/** @param place an empty one, and how a new process finds it */
export function ratchetsContract(name: string, place: (t: Test) => Promise<() => Ratchets>): void {
  ratchetContract(name, async (t, start) => (await place(t))().create(IDENTITY, start))

  t.test(`${name}: made once, found by every process`, async (t) => {
    const open = await place(t)
    t.same(await open().list(), [])
    await t.rejects(open().open(IDENTITY), { code: 'RATCHET_REFUSED', message: /is missing.*memory of the last head/ })
    const ratchet = await open().create(IDENTITY, mark(0))
    t.same(await open().list(), [open().nameOf(IDENTITY)])
    t.match(open().nameOf(IDENTITY), /\/0102ab04\.ratchet$/)
    await ratchet.advance(mark(3))
    await t.rejects(open().create(IDENTITY, mark(0)), { code: 'RATCHET_REFUSED', message: /exists already/ })
    const again = await open().open(IDENTITY)
    t.same(await again.read(), mark(3))
    await again.advance(mark(5))
    await t.rejects(ratchet.advance(mark(4)), { code: 'RATCHET_REFUSED', message: /changed by someone else/ })
    t.same(await (await open().open(IDENTITY)).read(), mark(5), 'nothing was changed')
  })

  t.test(`${name}: another log's is not believed`, async (t) => {
    const open = await place(t)
    await open().create(IDENTITY, mark(2))
    const twin = { ...IDENTITY, origin: 'other.example' }
    await t.rejects(open().open(twin), {
      code: 'RATCHET_REFUSED',
      message: /belongs to another log than other\.example/,
    })
  })

  t.test(`${name}: whose key has signed, and what is taken back`, async (t) => {
    const open = await place(t)
    const ratchet = await open().create(IDENTITY, mark(0))
    await open().create(OTHER, mark(0))
    const [name, other] = [open().nameOf(IDENTITY), open().nameOf(OTHER)]
    t.equal(await open().mayHaveSigned(name), false)
    await ratchet.advance(mark(1))
    t.equal(await open().mayHaveSigned(name), true)
    t.equal(await open().mayHaveSigned(other), false)
    t.same([...(await open().list())].sort(), [name, other].sort())
    await open().discard([IDENTITY])
    t.same(await open().list(), [other])
    await open().discard([IDENTITY, OTHER])
    t.same(await open().list(), [])
  })
}
