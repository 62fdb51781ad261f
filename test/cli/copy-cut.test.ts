/** A move that is cut off after any of its writes: done again it ends, and never are both places served. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import type { CopyEnd, HeldEnd } from '../../src/storage/copy-ends.ts'
import type { MovableDatabase } from '../../src/storage/database.ts'
import { fileServer } from '../storage/postgres/support.ts'
import { at, contentOf, fillDirectory, inDirectory, inPostgres, type LogShape, move, on } from './copy-support.ts'
import { scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)

/** Every write of a move, in order, in either database. */
const WRITES = ['arrive', 'createLog', 'freezeLog', 'compromiseLog', 'leave', 'arrived'] as const
const TARGET_WRITES = ['appendAll', 'keep', 'keepNewest'] as const

class Cut extends Error {}

/** Ends the move after its n-th write, as a crash would. Before it is after the one before. */
function cutting(n: number): (end: HeldEnd) => HeldEnd {
  let writes = 0
  const cut = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const result = await write(...args)
      if (writes++ === n) throw new Cut()
      return result
    }
  }
  const wrap = <T extends object>(object: T, names: readonly string[]): T =>
    new Proxy(object, {
      get: (from, name) => {
        const value = Reflect.get(from, name) as unknown
        return typeof value === 'function' && names.includes(String(name)) ? cut(value.bind(from)) : value
      },
    })
  return (end) => {
    const database = wrap(end.database, WRITES)
    const target = (number: number) => wrap(end.database.target(number), TARGET_WRITES)
    return {
      ...end,
      database: new Proxy(database, { get: (from, name) => (name === 'target' ? target : Reflect.get(from, name)) }),
    }
  }
}

const CUT_SHAPES: readonly LogShape[] = [
  { slug: 'a', heads: [3, 9], keeps: 4, ended: 'frozen' },
  { slug: 'b', heads: [1, 2], keeps: 2, ended: 'compromised' },
  { slug: 'c', heads: [2], keeps: 1, withdraws: 'a 4' },
]

interface End {
  readonly end: CopyEnd
  see<T>(use: (database: MovableDatabase) => Promise<T>): Promise<T>
}

async function served(database: MovableDatabase): Promise<boolean> {
  return (await database.standing()).state === 'open' && (await database.logs()).length > 0
}

/** After every `step`-th write. */
async function checkCuts(t: Test, dir: string, step: number, target: (name: string) => Promise<End>): Promise<void> {
  const before = await inDirectory(dir, contentOf)
  let isWhole = false
  for (let n = 0; !isWhole; n += step) {
    const from = `${dir}-${n}-${step}`
    cpSync(dir, from, { recursive: true })
    const to = await target(`${n}`)
    const result = await move(at(from), to.end, cutting(n)).catch((error: unknown) => error)
    if (result instanceof Error && !(result instanceof Cut)) throw result
    isWhole = !(result instanceof Cut)
    const isServed = [await inDirectory(from, served), await to.see(served)]
    t.ok(!(isServed[0] && isServed[1]), `after write ${n} not both are served`)
    if (!isServed[1]) await move(at(from), to.end)
    t.same([await inDirectory(from, served), await to.see(served)], [false, true], `after write ${n}, and again`)
    t.same(await to.see(contentOf), before, `after write ${n} all is there`)
  }
}

t.test('cut off after any write, it is done again, and never are both served', async (t) => {
  const dir = join(scratch(t), 'data')
  await fillDirectory(dir, CUT_SHAPES)
  await checkCuts(t, dir, 1, async (name) => {
    const to = `${dir}-to-${name}`
    return { end: at(to), see: (use) => inDirectory(to, use) }
  })
  await checkCuts(t, dir, 9, async (name) => {
    const url = await postgres.create(`copy_cut_${name}`)
    return { end: on(url), see: (use) => inPostgres(url, use) }
  })
})
