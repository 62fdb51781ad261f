/** A first start that fails leaves nothing behind that a second one would trip over. */

import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { ratchetDirectory } from '../../src/storage/ratchets.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

async function scene(t: Test) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const place = ['--data', at('data'), '--ratchet', at('ratchet'), '--log-level', 'silent']
  const serve = (listen: string, url: string, ...more: string[]) =>
    command(['serve', '--listen', listen, '--url', url, ...place, ...more], {}, 'at once')
  return { at, busy: `127.0.0.1:${port}`, serve }
}

t.test('a first start that fails takes back what it made', async (t) => {
  const { at, busy, serve } = await scene(t)
  const removed = /CREATED a new data directory .*\n.*REMOVED again, and nobody has seen its key\nEADDRINUSE: /
  t.match(await serve(busy, 'http://mistake.example', '--publish', at('www')), { code: 3, warned: removed })
  t.same(readdirSync(at('data')), ['lock'])
  t.notOk(existsSync(at('ratchet')))
  t.notOk(existsSync(at('www')), 'nor was anything published')
  t.match(await serve('127.0.0.1:0', 'http://right.example'), { code: 0, warned: /CREATED/ }, 'the next one is a first')
  t.match(await command(['log', 'list', '--data', at('data')]), { printed: /origin right\.example/ })
  t.match(await serve(busy, 'http://right.example'), { code: 3, warned: /^EADDRINUSE: / }, 'a second is no first')
  t.ok(existsSync(at('data/log.db')))
})

t.test('what the operator put there stays', async (t) => {
  const { at, busy, serve } = await scene(t)
  mkdirSync(at('ratchet'))
  writeFileSync(at('ratchet/notes.txt'), 'mine')
  t.match(await serve(busy, 'http://mistake.example'), { code: 3, warned: /REMOVED again/ })
  t.same(readdirSync(at('ratchet')), ['notes.txt'])
})

t.test('a directory that cannot be removed does not hide why the start failed', async (t) => {
  const { at, busy, serve } = await scene(t)
  mkdirSync(at('elsewhere'))
  symlinkSync(at('elsewhere'), at('ratchet')) // as a mount point, or where only root may remove it
  t.match(await serve(busy, 'http://mistake.example'), { code: 3, warned: /REMOVED again.*\nEADDRINUSE: / })
  t.same([readdirSync(at('data')), readdirSync(at('ratchet'))], [['lock'], []])
  t.match(await serve('127.0.0.1:0', 'http://right.example'), { code: 0, warned: /CREATED/ })
})

t.test('a log that is refused leaves no data directory either', async (t) => {
  const { at } = await scene(t)
  const create = (slug: string) => command(['log', 'create', slug, '--origin', 'a.example', '--data', at('data')])
  t.match(await create('No'), { code: 3, warned: /^FIELD_INVALID: slug/ })
  t.same(readdirSync(at('data')), ['lock'])
  t.match(await create('v2'), { code: 0 })
  t.match(await create('No'), { code: 3 })
  t.match(await command(['log', 'list', '--data', at('data')]), { printed: /^v2 / }, 'what was there stays')
})

t.test('a log that was used is never taken back', async (t) => {
  const data = scratch(t)
  const server = await startServer(t, [], data)
  t.equal((await postEntry(server, hashedRekordBody(ecKey()))).status, 201)
  await server.stop()
  const opened = await openDataDirectory({
    dir: data,
    ratchets: ratchetDirectory(join(data, 'ratchet')),
    passphrase: undefined,
  })
  await t.rejects(opened.discard(), { code: 'STORE_CORRUPT', message: /has 1 entries: nothing is removed/ })
  await opened.close()
  t.ok(existsSync(join(data, 'log.db')) && existsSync(join(data, 'keys/v2.pem')))
})
