/** Logs move between a directory and PostgreSQL: all of them, unchanged, and never to be served in both. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { edit, tryServe } from '../fault/refusals-cases.ts'
import { fileServer } from '../storage/postgres/support.ts'
import { contentOf, fillDirectory, inDirectory, inPostgres, type LogShape } from './copy-support.ts'
import { command, scratch } from './support.ts'

const postgres = await fileServer()
t.teardown(closeCrypto)
let scenes = 0

/** Minutes: `npm run copies`. */
const LARGE: Readonly<Record<string, readonly LogShape[]>> = {
  'a tile of the second level': [{ slug: 'a', heads: [9000, 65_535, 65_536, 65_537], keeps: 9000 }],
}

const TABLE: Readonly<Record<string, readonly LogShape[]>> = {
  'no log': [],
  'an empty log': [{ slug: 'a', heads: [] }],
  'one entry': [{ slug: 'a', heads: [1], keeps: 1 }],
  'before the edge of a tile': [{ slug: 'a', heads: [1, 255] }],
  'at the edge of a tile': [{ slug: 'a', heads: [200, 256], keeps: 50 }],
  'beyond the edge of a tile': [{ slug: 'a', heads: [256, 257], keeps: 256 }],
  'many heads': [{ slug: 'a', heads: Array.from({ length: 300 }, (_, i) => i + 1), keeps: 7 }],
  ...(process.env.COLOPHON_FULL_COPIES === '1' && LARGE),
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
