/** What every memory of a witness must do. */

import t, { type Test } from 'tap'
import type { ListedLog } from '../../src/formats/c2sp/log-list.ts'
import { hash, treeSize } from '../../src/kernel/brand.ts'
import type { CosignedHead, WitnessStore } from '../../src/witness/ports.ts'
import { logKey } from '../verify/support.ts'
import { originHash } from '../witness/support.ts'

export type OpenStore = (t: Test) => WitnessStore

export function cosignedHead(size: number, { fill = size % 251, time = 1000 } = {}): CosignedHead {
  const root = hash(new Uint8Array(32).fill(fill))
  return { size: treeSize(size), root, time, note: Uint8Array.of(size % 256, fill, 1) }
}

export function listedLog(name: string, seed = 1): ListedLog {
  return { origin: name, vkey: logKey(name, seed).vkey, perDay: 24, contact: 'somebody' }
}

export function witnessStoreContract(name: string, open: OpenStore): void {
  t.test(`${name}: heads`, async (t) => {
    const store = open(t)
    const read = (origin: string) => store.head(originHash(origin))
    t.equal(await read('a'), null)
    const sizes = [0, 1, 2, 256, 2 ** 31, 2 ** 53 - 1]
    let last: CosignedHead | null = null
    for (const [at, size] of sizes.entries()) {
      const next = cosignedHead(size, { time: 1000 + at })
      await store.advance('a', last, next)
      last = await read('a')
      t.same(last, next, `size ${size}`)
    }
    const later = { ...(last as CosignedHead), time: 2000, note: Uint8Array.of(7) }
    await store.advance('a', last, later)
    t.same(await read('a'), later, 'the same tree, at a later time')
    t.equal(await read('b'), null, 'of another log')
    await store.advance('b', null, cosignedHead(3))
    t.same(await read('b'), cosignedHead(3))
    t.same(await read('a'), later)
    t.same(
      (await store.heads()).toSorted((a, b) => (a.origin < b.origin ? -1 : 1)),
      [
        { origin: 'a', size: 2 ** 53 - 1, time: 2000 },
        { origin: 'b', size: 3, time: 1000 },
      ],
    )
  })

  t.test(`${name}: never back, never sideways, never past another`, async (t) => {
    const store = open(t)
    const first = cosignedHead(7)
    await store.advance('a', null, first)
    const refused: Record<string, readonly [CosignedHead | null, CosignedHead, string]> = {
      'nothing expected': [null, cosignedHead(8), 'HEAD_MOVED'],
      'another size expected': [cosignedHead(6), cosignedHead(8), 'HEAD_MOVED'],
      'another root expected': [cosignedHead(7, { fill: 9 }), cosignedHead(8), 'HEAD_MOVED'],
      'another time expected': [cosignedHead(7, { time: 999 }), cosignedHead(8), 'HEAD_MOVED'],
      'a smaller size': [first, cosignedHead(6), 'RATCHET_REFUSED'],
      'another root at the same size': [first, cosignedHead(7, { fill: 9, time: 1001 }), 'RATCHET_REFUSED'],
      'an earlier time': [first, cosignedHead(8, { time: 999 }), 'RATCHET_REFUSED'],
    }
    for (const [what, [expected, next, code]] of Object.entries(refused))
      await t.rejects(store.advance('a', expected, next), { code }, what)
    await t.rejects(store.advance('b', first, cosignedHead(8)), { code: 'HEAD_MOVED' }, 'a log that has none')
    t.same(await store.head(originHash('a')), first)
    await store.advance('a', first, cosignedHead(8))
    t.same(await store.head(originHash('a')), cosignedHead(8), 'a refusal does not end it')
  })

  t.test(`${name}: of two at once, one`, async (t) => {
    const store = open(t)
    const first = cosignedHead(7)
    await store.advance('a', null, first)
    const nexts = [8, 9, 8, 10].map((size, i) => cosignedHead(size, { fill: i }))
    const results = await Promise.allSettled(nexts.map((next) => store.advance('a', first, next)))
    t.same(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected', 'rejected'])
    const won = nexts[results.findIndex(({ status }) => status === 'fulfilled')]
    t.same(await store.head(originHash('a')), won)
  })

  t.test(`${name}: keeps what it was told, whatever the caller does to it`, async (t) => {
    const store = open(t)
    const given = cosignedHead(5)
    await store.advance('a', null, given)
    given.root.fill(0xee)
    given.note.fill(0xee)
    t.same(await store.head(originHash('a')), cosignedHead(5))
  })

  t.test(`${name}: lists only add`, async (t) => {
    const store = open(t)
    t.same(await store.listed(), [])
    await store.addListed([listedLog('b'), listedLog('a')])
    await store.addListed([listedLog('a', 2), listedLog('c')])
    await store.addListed([])
    t.same(await store.listed(), [listedLog('b'), listedLog('a'), listedLog('c')], 'the first key stays')
  })
}
