/** What every ratchet must do. */

import t, { type Test } from 'tap'
import { hash, treeSize } from '../../src/kernel/brand.ts'
import type { Mark, Ratchet } from '../../src/log/ports.ts'

export function mark(size: number, fill = size % 251): Mark {
  return { size: treeSize(size), root: hash(new Uint8Array(32).fill(fill)) }
}

export type OpenRatchet = (t: Test, mark: Mark) => Promise<Ratchet>

export function ratchetContract(name: string, open: OpenRatchet): void {
  t.test(`${name}: only forward`, async (t) => {
    const ratchet = await open(t, mark(0))
    t.same(await ratchet.read(), mark(0))
    for (const size of [1, 2, 256, 2 ** 31, 2 ** 53 - 1]) {
      await ratchet.advance(mark(size))
      t.same(await ratchet.read(), mark(size))
      await ratchet.advance(mark(size))
      t.same(await ratchet.read(), mark(size), 'the same again')
    }
  })

  t.test(`${name}: never back, never sideways`, async (t) => {
    const ratchet = await open(t, mark(7))
    await t.rejects(ratchet.advance(mark(6)), { code: 'RATCHET_REFUSED' }, 'a smaller size')
    await t.rejects(ratchet.advance(mark(7, 99)), { code: 'RATCHET_REFUSED' }, 'another root at the same size')
    t.same(await ratchet.read(), mark(7))
    await ratchet.advance(mark(8))
    t.same(await ratchet.read(), mark(8), 'a refusal does not end it')
  })

  t.test(`${name}: keeps what it was told, whatever the caller does to it`, async (t) => {
    const ratchet = await open(t, mark(0))
    const head = { ...mark(5), root: hash(Buffer.alloc(32, 5)), time: 1 }
    await ratchet.advance(head)
    head.root.fill(9)
    t.same(await ratchet.read(), mark(5))
    await ratchet.advance(mark(6))
  })

  t.test(`${name}: advances asked for at once are taken in turn`, async (t) => {
    const ratchet = await open(t, mark(0))
    const results = await Promise.allSettled([3, 1, 5, 5, 4, 9].map((size) => ratchet.advance(mark(size))))
    t.same(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
    t.same(await ratchet.read(), mark(9))
  })
}
