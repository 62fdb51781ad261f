/** `colophon fsck` finds what was put beside a tree that is whole. */

import t from 'tap'
import { edit } from '../fault/refusals-cases.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

const KEY = ecKey()
const TABLE: readonly (readonly [sql: string, says: RegExp])[] = [
  [
    `INSERT INTO lookup VALUES (0, x'${'ab'.repeat(32)}', 1, 0)`,
    /^v2: 1 lookup rows lead to entries that do not have their key$/m,
  ],
  ['INSERT INTO lookup SELECT log, key, 1, source FROM lookup WHERE idx = 0 LIMIT 1', /^v2: 1 lookup rows lead to/m],
  [
    `INSERT INTO attachment VALUES (0, 'sha256', x'${'ab'.repeat(32)}', x'00')`,
    /^v2: 1 attachments are kept that no entry names$/m,
  ],
]

t.test('rows that belong to no entry', async (t) => {
  for (const [sql, says] of TABLE) {
    const data = scratch(t)
    const server = await startServer(t, [], data)
    const keys = [KEY, ecKey()] // of one key alone, a row of it is where it belongs
    for (const key of keys) t.equal((await postEntry(server, hashedRekordBody(key))).status, 201)
    await server.stop()
    const fsck = () => command(['fsck', '--data', data])
    t.match(await fsck(), { code: 0, printed: /v2: 2 entries, clean/ })
    edit(data, sql)
    t.match(await fsck(), { code: 1, printed: says }, sql)
  }
})
