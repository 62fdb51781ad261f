/** `colophon trust rotate`. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startServer } from '../../http/support.ts'
import { command, scratch } from '../support.ts'

async function scene(t: Test) {
  const data = scratch(t)
  await (await startServer(t, [], data)).stop()
  const at = (name: string) => join(data, name)
  const serve = () =>
    command(['serve', '--listen', '127.0.0.1:0', '--data', data, '--log-level', 'silent'], {}, 'at once')
  return { at, serve, rotate: (env = {}) => command(['trust', 'rotate', '--data', data], env) }
}

t.test('another key, and clients are told by the old one', async (t) => {
  const { at, serve, rotate } = await scene(t)
  const old = readFileSync(at('keys/tuf.pem'), 'utf8')
  t.match(await rotate(), { code: 0, printed: /trust\/tuf\/2\.root\.json names a new key, .*keys\/tuf\.pem\n$/ })
  t.not(readFileSync(at('keys/tuf.pem'), 'utf8'), old)
  t.notOk(existsSync(at('keys/tuf.next.pem')))
  t.match(await serve(), { code: 0, warned: /the ratchet is in the data directory/ }, 'the server goes on with it')
  t.match(await rotate(), { code: 0, printed: /3\.root\.json/ }, 'once more')
  writeFileSync(at('keys/tuf.pem'), old)
  t.match(await serve(), { code: 3, warned: /IDENTITY_CHANGED: .*3\.root\.json/ }, 'the first one is over')
})

t.test('interrupted, it is run again', async (t) => {
  const { at, serve, rotate } = await scene(t)
  const old = readFileSync(at('keys/tuf.pem'), 'utf8')
  await rotate()
  renameSync(at('keys/tuf.pem'), at('keys/tuf.next.pem'))
  writeFileSync(at('keys/tuf.pem'), old, { mode: 0o600 })
  t.match(await serve(), {
    code: 3,
    warned: /KEY_FILE_REFUSED: .*colophon trust rotate. was interrupted, run it again/,
  })
  t.match(await rotate(), { code: 0, printed: /2\.root\.json/ }, 'with the key that was made')
  t.match(await serve(), { code: 0 })
})

t.test('refused', async (t) => {
  const { at, rotate } = await scene(t)
  renameSync(at('keys/tuf.pem'), at('kept.pem'))
  t.match(await rotate(), { code: 3, warned: /^KEY_FILE_REFUSED: .*tuf\.pem/ }, 'a key that is lost')
  renameSync(at('trust'), at('away'))
  t.match(await rotate(), { code: 3, warned: /^STORE_MISSING: .*has no TUF repository/ })
  for (const words of [[], ['turn'], ['rotate', 'x']])
    t.match(await command(['trust', ...words]), {
      code: 2,
      warned: /CONFIG_INVALID: trust (takes `create` or `rotate`|rotate takes no words)/,
    })
})
