/** Where the logs are when they are in PostgreSQL, and how its password gets there. */

import t from 'tap'
import { parseDatabase } from '../../src/config/parsers.ts'
import { parseData } from '../../src/config.ts'
import { command } from '../cli/support.ts'
import { parsed } from './support.ts'

const GOOD = [
  'postgres://colophon@localhost:5432/logs',
  'postgresql://localhost/logs',
  'postgres://127.0.0.1/logs',
  'postgres://[::1]:5433/logs?sslmode=disable',
  'postgres://colophon@localhost/logs?host=/run/postgresql',
  'postgres://colophon@db.example/logs?sslmode=verify-full&sslrootcert=/etc/ca.pem',
  'postgres://db.example/logs?sslmode=no-verify&sslcert=a.pem&sslkey=a.key',
  'postgres://db/logs?sslmode=disable',
]

const NO_URL = /^not postgres:\/\/USER@HOST:PORT\/DATABASE$/
const NO_PARAMETER = /is no parameter, or not of that value: sslmode=/

const BAD: readonly (readonly [text: string, message: RegExp])[] = [
  ['', NO_URL],
  ['logs', NO_URL],
  ['mysql://localhost/logs', NO_URL],
  ['postgres://localhost', NO_URL],
  ['postgres://localhost/', NO_URL],
  ['postgres://localhost/a/b', NO_URL],
  ['postgres://localhost/logs#x', NO_URL],
  ['postgres://a:hunter2@local host/logs', NO_URL],
  ['postgres://a:hunter2@localhost/logs', /^a password is not taken here/],
  ['postgres://a@localhost/logs?password=hunter2', /^a password is not taken here/],
  ['postgres://localhost/logs?sslmode=require', NO_PARAMETER],
  ['postgres://localhost/logs?host=elsewhere', NO_PARAMETER],
  ['postgres://localhost/logs?statement_timeout=1', NO_PARAMETER],
  ['postgres://localhost/logs?sslrootcert=', NO_PARAMETER],
  ['postgres://db.example/logs', /^on another machine sslmode must be said: verify-full/],
  ['postgres://localhost.example/logs', /^on another machine/],
]

t.test('what is taken, and what is not', async (t) => {
  for (const text of GOOD) t.equal(parseDatabase(text), text)
  for (const [text, message] of BAD) t.throws(() => parseDatabase(text), { message }, text)
  for (const [text] of BAD)
    for (const argv of [['--database', text]])
      t.notMatch(String(parsed(argv, { COLOPHON_DATABASE_PASSWORD: 'hunter2' })), 'hunter2', text)
})

t.test('the password', async (t) => {
  const url = 'postgres://localhost/logs'
  const env = { COLOPHON_DATABASE: url, COLOPHON_DATABASE_PASSWORD: 'hunter2' }
  t.same(parseData({}, env).database, { url, password: 'hunter2' })
  t.same(parseData({ database: url }, {}).database, { url, password: undefined })
  t.equal(parseData({}, {}).database, null)
  t.throws(() => parseData({}, { COLOPHON_DATABASE_PASSWORD: '' }), {
    message: /COLOPHON_DATABASE_PASSWORD: is set, but empty/,
  })
  const shown = await command(['config', 'check'], env)
  t.match(shown, {
    code: 0,
    printed: /database +postgres:\/\/localhost\/logs .*\n(.*\n)*databasePassword +\(set, not shown\)/,
  })
  t.notMatch(shown.printed, 'hunter2')
})
