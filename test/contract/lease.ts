/** What every lease must do. */

import t, { type Test } from 'tap'
import type { Lease } from '../../src/log/cluster/ports.ts'

export interface OpenLease {
  readonly node: (name: string) => Lease
  /** Lets the time of a claim pass. */
  readonly expire: () => Promise<void>
}

export function leaseContract(name: string, open: (t: Test) => Promise<OpenLease>): void {
  t.test(`${name}: one node at a time, and a fence that grows with each change`, async (t) => {
    const { node, expire } = await open(t)
    const [a, b] = [node('a'), node('b')]
    t.equal(await a.holder(), null)
    const first = await a.claim()
    t.type(first, 'bigint')
    t.equal(await b.claim(), null, 'it is held')
    t.equal(await b.holder(), 'a')
    t.equal(await a.claim(), first, 'kept under the same fence')
    await expire()
    t.equal(await a.holder(), null, 'its time is over')
    const second = await b.claim()
    t.ok(second !== null && first !== null && second > first)
    t.equal(await a.claim(), null)
    await b.release(first as bigint)
    t.equal(await b.holder(), 'b', 'an older fence releases nothing')
    await a.release(second as bigint)
    t.equal(await b.holder(), 'b', 'nor does another node')
    await b.release(second as bigint)
    t.equal(await b.holder(), null)
    const third = await a.claim()
    t.ok(third !== null && second !== null && third > second)
  })

  t.test(`${name}: whose time is over and whom nobody followed keeps its fence`, async (t) => {
    const { node, expire } = await open(t)
    const first = await node('a').claim()
    await expire()
    t.equal(await node('a').claim(), first)
  })

  t.test(`${name}: of many that try at once, one gets it`, async (t) => {
    const { node, expire } = await open(t)
    const tries = () => Promise.all(Array.from({ length: 8 }, (_, i) => node(`n${i}`).claim()))
    for (let round = 0; round < 3; round++) {
      t.equal((await tries()).filter((fence) => fence !== null).length, 1)
      await expire()
    }
  })
}
