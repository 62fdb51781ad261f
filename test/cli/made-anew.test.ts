/** A log whose database is lost, made anew from its keys, its ratchet and a copy: with the keys that it had, or not at all. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

const KEY = ecKey()
const ORIGIN = ['--origin', 'log.example']

/** A log of three entries with a copy of it in `www`, its database lost. */
async function scene(t: Test, ...create: readonly string[]) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  t.match(await command(['log', 'create', 'v2', ...ORIGIN, ...create, ...place]), { code: 0 })
  const serve = () => startServer(t, ['--ratchet', at('ratchet'), '--publish', at('www')], at('data'))
  const server = await serve()
  for (let i = 0; i < 3; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  await server.stop()
  for (const name of ['data', 'ratchet']) cpSync(at(name), at(`old-${name}`), { recursive: true })
  /** With some of its keys; beside another log, for a directory that is not empty makes no first one. */
  const anew = async (keys: readonly string[], ...flags: readonly string[]) => {
    for (const name of ['data', 'ratchet']) rmSync(at(name), { recursive: true })
    await command(['log', 'create', 'other', '--origin', 'other.example', ...place])
    mkdirSync(at('data/keys'), { recursive: true })
    for (const name of keys) cpSync(at(`old-data/keys/${name}`), at(`data/keys/${name}`))
    const made = await command(['log', 'create', 'v2', ...ORIGIN, ...flags, ...place])
    cpSync(at('old-ratchet'), at('ratchet'), { recursive: true, force: true })
    return made
  }
  const recover = () => command(['recover', '--from', at('www'), '--log', 'v2', ...place])
  const fsck = () => command(['fsck', ...place])
  return { at, serve, anew, recover, fsck }
}

const BOTH = ['v2.pem', 'v2.ml-dsa-44.pem']

t.test('with both of its keys', async (t) => {
  const { anew, recover, fsck, serve } = await scene(t)
  t.match(await anew(BOTH), { code: 0 })
  t.match(await recover(), { code: 0, printed: /3 entries brought/ })
  t.match(await fsck(), { code: 0 })
  t.equal((await postEntry(await serve(), hashedRekordBody(KEY), { host: 'log.example' })).status, 201)
})

t.test('its ML-DSA-44 key lost', async (t) => {
  const { anew, recover } = await scene(t)
  t.match(await anew(['v2.pem']), { code: 0 }, 'it may be a new log')
  const other = await recover()
  t.match(other, {
    code: 3,
    warned: /^IDENTITY_CHANGED: log v2 signed with the ML-DSA-44 key [0-9a-f]{8}, and was made here with another one, /,
  })
  t.match(other.warned, /make the data directory anew with keys\/v2\.ml-dsa-44\.pem.*colophon retire/)
  t.match(await anew(['v2.pem'], '--without-ml-dsa'), { code: 0 })
  t.match(await recover(), { code: 3, warned: /^IDENTITY_CHANGED: .*, and was made without one here/ }, 'nor without')
  t.match(await anew(BOTH, '--without-ml-dsa'), { code: 3, warned: /^KEY_FILE_REFUSED: .*v2\.ml-dsa-44\.pem is there/ })
  t.match(await anew(BOTH), { code: 0 })
  t.match(await recover(), { code: 0 })
})

t.test('a log from before logs had one', async (t) => {
  const { anew, recover, fsck, serve } = await scene(t, '--without-ml-dsa')
  t.match(await anew(['v2.pem']), { code: 0 })
  t.match(await recover(), {
    code: 3,
    warned: /^IDENTITY_CHANGED: log v2 was made here with an ML-DSA-44 key, .*--without-ml-dsa/,
  })
  t.match(await anew(['v2.pem'], '--without-ml-dsa'), { code: 0, printed: /^v2 .*\n {2}log\.example\+\S+\n$/ })
  t.match(await recover(), { code: 0, printed: /3 entries brought/ })
  t.match(await fsck(), { code: 0 })
  const server = await serve()
  const { text } = await ask(server, '/logs/v2/checkpoint')
  t.equal(text.split('\n').filter((line) => line.startsWith('— ')).length, 1)
})

t.test('a copy that dropped the line, for a database that has entries', async (t) => {
  const { at, recover, fsck, serve } = await scene(t)
  rmSync(at('data'), { recursive: true })
  cpSync(at('old-data'), at('data'), { recursive: true })
  const note = readFileSync(at('www/v2/checkpoint'), 'utf8')
  writeFileSync(at('www/v2/checkpoint'), note.replace(/— log\.example \S{3000,}\n/, ''))
  t.match(await recover(), { code: 0 })
  t.match(await fsck(), { code: 0 }, 'the fuller one stays')
  writeFileSync(at('www/v2/checkpoint'), note.replace(/\S{8}(?=\n$)/, 'AAAAAAA='))
  t.match(await recover(), { code: 3, warned: /^COPY_REFUSED: .*the line of log\.example/ }, 'a spoilt one is none')
  const server = await serve()
  for (let i = 0; i < 2; i++)
    t.equal((await postEntry(server, hashedRekordBody(KEY), { host: 'log.example' })).status, 201)
  await server.stop()
  rmSync(at('data'), { recursive: true })
  cpSync(at('old-data'), at('data'), { recursive: true })
  const newer = readFileSync(at('www/v2/checkpoint'), 'utf8')
  writeFileSync(at('www/v2/checkpoint'), newer.replace(/— log\.example \S{3000,}\n/, ''))
  t.match(await recover(), { code: 0, printed: /2 entries brought, now 5/ })
  t.match(await fsck(), { code: 1, printed: /no signature by its ML-DSA-44 key/ }, 'until')
  await (await serve()).stop()
  t.match(await fsck(), { code: 0 }, 'the next start signs anew')
})

t.test('beside a running server', async (t) => {
  const server = await startServer(t)
  const made = ['log', 'create', 'old', '--origin', 'old.example', '--without-ml-dsa', '--data', server.dir, '--json']
  t.match(JSON.parse((await command(made)).printed), [{ slug: 'old', mlDsaVkey: null }])
})
