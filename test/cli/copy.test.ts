/** Logs move between a directory and PostgreSQL: all of them, unchanged, and never to be served in both. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import type { CopyEnd, HeldEnd } from '../../src/storage/copy-ends.ts'
import type { MovableDatabase } from '../../src/storage/database.ts'
import { openDatabase as openPostgres } from '../../src/storage/postgres/open.ts'
import { openDatabase as openSqlite } from '../../src/storage/sqlite/open.ts'
import { edit, tryServe } from '../fault/refusals-cases.ts'
import { fileServer } from '../storage/postgres/support.ts'
import { contentOf, fillDirectory, type LogShape, move } from './copy-support.ts'
import { command, scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)
let scenes = 0

const at = (dir: string) => ({ kind: 'directory', dir }) as const
const on = (url: string) => ({ kind: 'database', server: { url, password: undefined } }) as const

async function read<T>(database: MovableDatabase, use: (database: MovableDatabase) => Promise<T>): Promise<T> {
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

const inDirectory = <T>(dir: string, use: (database: MovableDatabase) => Promise<T>) =>
  read(openSqlite(join(dir, 'log.db'), { readonly: true }), use)
const inPostgres = async <T>(url: string, use: (database: MovableDatabase) => Promise<T>) =>
  read(await openPostgres({ url, readonly: true }), use)

const TABLE: Readonly<Record<string, readonly LogShape[]>> = {
  'no log': [],
  'an empty log': [{ slug: 'a', heads: [] }],
  'one entry': [{ slug: 'a', heads: [1], keeps: 1 }],
  'before the edge of a tile': [{ slug: 'a', heads: [1, 255] }],
  'at the edge of a tile': [{ slug: 'a', heads: [200, 256], keeps: 50 }],
  'beyond the edge of a tile': [{ slug: 'a', heads: [256, 257], keeps: 256 }],
  'many heads': [{ slug: 'a', heads: Array.from({ length: 300 }, (_, i) => i + 1), keeps: 7 }],
  'a tile of the second level': [{ slug: 'a', heads: [9000, 65_535, 65_536, 65_537], keeps: 9000 }],
  'several, ended and not': [
    { slug: 'a', heads: [3, 300], keeps: 3, ended: 'frozen' },
    { slug: 'b', heads: [5], ended: 'compromised' },
    { slug: 'c', heads: [1, 2, 3, 4, 5, 6], keeps: 2 },
    { slug: 'd', heads: [], ended: 'frozen' },
  ],
}

for (const [name, shapes] of Object.entries(TABLE))
  t.test(`there and back: ${name}`, async (t) => {
    const folder = scratch(t)
    const [first, second] = [join(folder, 'first'), join(folder, 'second')]
    await fillDirectory(first, shapes)
    const before = await inDirectory(first, contentOf)
    const url = await postgres.create(`copy_${scenes++}`)
    t.match(await command(['copy', '--from', first, '--to', url]), {
      code: 0,
      printed: shapes.map(({ slug, heads }) => `${slug}: ${heads.at(-1) ?? 0} entries, copied and compared\n`).join(''),
      warned: /alone: start the server with --database/,
    })
    t.same(await inPostgres(url, contentOf), before)
    t.match(await command(['copy', '--from', url, '--to', second]), { code: 0 })
    t.same(await inDirectory(second, contentOf), before)
    for (const place of [
      ['--data', second],
      ['--data', second, '--database', url],
    ])
      if (shapes.length > 0) {
        const { code, printed } = await command(['fsck', ...place])
        const only = printed.split('\n').filter((line) => !/, clean$|entries checked|\.ratchet/.test(line))
        t.same([only.join(), code <= 1], ['', true], 'nothing but that there are no ratchets')
      }
  })

/** What is wrong in the source, and how the refusal names the place. */
const DAMAGES: readonly (readonly [sql: string, says: RegExp])[] = [
  ["UPDATE leaf SET entry = x'00' WHERE at = 7", /a: bundle 0: leaf 7/],
  ['UPDATE leaf SET hash = zeroblob(32) WHERE at = 260', /a: bundle 1: leaf 260/],
  ['DELETE FROM leaf WHERE at = 260', /a: leaves 256 to 299: not all of them are there/],
  ['DELETE FROM leaf_hash WHERE idx = 5', /a: leaf 5: deduplication finds it at no place/],
  ['UPDATE head SET root = zeroblob(32) WHERE size = 3', /a: the head of size 3 has another root/],
  ['UPDATE head SET root = zeroblob(32) WHERE size = 300', /a: .*300 has another root/],
  ['UPDATE head SET time_ms = 1 WHERE size = 300', /a: the head of size 300 is older/],
  ['DELETE FROM lookup WHERE idx = 9', /a: leaf 9: a lookup row is missing/],
  ['INSERT INTO lookup VALUES (0, zeroblob(32), 4, 0)', /a: 1 lookup rows lead to entries that do not have their key/],
  [
    "UPDATE attachment SET content = x'00' WHERE digest = (SELECT max(digest) FROM attachment)",
    /a: leaf \d+: attachment sha256:/,
  ],
  ["INSERT INTO attachment VALUES (0, 'sha256', zeroblob(32), x'00')", /a: 1 attachments are kept that no entry names/],
  ['UPDATE checkpoint SET note = zeroblob(9)', /a: .*checkpoint of size 3 is not what this log signed/],
  ['UPDATE newest_checkpoint SET root = zeroblob(32)', /a: .*size 3/],
]

t.test('a source that is not whole is refused, with the place, and goes on', async (t) => {
  const folder = scratch(t)
  const whole = join(folder, 'whole')
  await fillDirectory(whole, [{ slug: 'a', heads: [3, 300], keeps: 40 }])
  for (const [i, [sql, says]] of DAMAGES.entries()) {
    const [from, to] = [join(folder, `from${i}`), join(folder, `to${i}`)]
    cpSync(whole, from, { recursive: true })
    edit(from, sql)
    t.match(await command(['copy', '--from', from, '--to', to]), { code: 3, warned: says }, sql)
    t.equal(
      (await inDirectory(from, (database) => database.standing())).state,
      'open',
      'it is no less served than before',
    )
    t.match(await tryServe(to), { code: 3, warned: /^STORE_MOVED: .*still being copied/ }, 'and what came of it is not')
  }
})

/** Every write of a move, in order, in either database. */
const WRITES = ['arrive', 'createLog', 'freezeLog', 'compromiseLog', 'leave', 'arrived'] as const
const TARGET_WRITES = ['appendAll', 'keep', 'keepNewest'] as const

class Cut extends Error {}

/** Ends the move before or after its n-th write, as a crash would. */
function cutting(n: number, when: 'before' | 'after'): (end: HeldEnd) => HeldEnd {
  let writes = 0
  const cut = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const isNow = writes++ === n
      if (isNow && when === 'before') throw new Cut()
      const result = await write(...args)
      if (isNow) throw new Cut()
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
  { slug: 'd', heads: [1], withdraws: 'c 1' },
]

interface End {
  readonly end: CopyEnd
  see<T>(use: (database: MovableDatabase) => Promise<T>): Promise<T>
}

async function served(database: MovableDatabase): Promise<boolean> {
  return (await database.standing()).state === 'open' && (await database.logs()).length > 0
}

/** Of every `step`-th write. */
async function checkCuts(t: Test, dir: string, step: number, target: (name: string) => Promise<End>): Promise<void> {
  let isWhole = false
  for (let n = 0; !isWhole; n += step)
    for (const when of ['before', 'after'] as const) {
      const from = `${dir}-${n}-${when}`
      cpSync(dir, from, { recursive: true })
      const before = await inDirectory(from, contentOf)
      const to = await target(`${n}-${when}`)
      const name = `${when} write ${n}`
      const result = await move(at(from), to.end, cutting(n, when)).catch((error: unknown) => error)
      if (result instanceof Error && !(result instanceof Cut)) throw result
      isWhole = !(result instanceof Cut)
      const isServed = [await inDirectory(from, served), await to.see(served)]
      t.ok(!(isServed[0] && isServed[1]), `${name}: not both are served`)
      if (!isServed[1]) await move(at(from), to.end)
      t.same([await inDirectory(from, served), await to.see(served)], [false, true], name)
      t.same(await to.see(contentOf), before, name)
    }
}
t.test('cut off before or after any write, it is done again, and never are both served', async (t) => {
  const dir = join(scratch(t), 'data')
  await fillDirectory(dir, CUT_SHAPES)
  const directory = async (name: string): Promise<End> => {
    const to = `${dir}-to-${name}`
    const see = <T>(use: (database: MovableDatabase) => Promise<T>) => inDirectory(to, use)
    return { end: at(to), see }
  }
  await checkCuts(t, dir, 1, directory)
  const database = async (name: string): Promise<End> => {
    const url = await postgres.create(`copy_cut_${name.replaceAll('-', '_')}`)
    return { end: on(url), see: (use) => inPostgres(url, use) }
  }
  await checkCuts(t, dir, 4, database)
})
