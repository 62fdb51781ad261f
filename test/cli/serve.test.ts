/** A server as an operator meets it: its help, and where it cannot start. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importEd25519Seed } from '#crypto'
import { flagOf } from '../../src/config/names.ts'
import { GROUPS, SETTING_NAMES } from '../../src/config/settings.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../src/formats/c2sp/vkey.ts'
import { freePort, startServer as spawnServer } from '../e2e/support.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, ENTRIES, postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

t.test('its help is grouped and fits a screen', async (t) => {
  const { printed } = await command(['serve', '--help'])
  for (const group of GROUPS) t.match(printed, new RegExp(`^  ${group}$`, 'm'))
  for (const name of SETTING_NAMES) t.match(printed, `    ${flagOf(name)} `)
  t.ok(printed.split('\n').length < 50)
})

t.test('a data directory that no filesystem takes', { skip: !existsSync('/proc/self') }, async (t) => {
  for (const data of ['/proc/x', '/proc/x/data'])
    t.match(await command(['serve', '--listen', '127.0.0.1:0', '--data', data]), {
      code: 3,
      warned: /^STORE_MISSING: \/proc\/x\S* cannot be made: the filesystem takes no directories there$/,
    })
})

t.test('by its file alone', async (t) => {
  const dir = scratch(t)
  const file = join(dir, 'c.json')
  writeFileSync(file, JSON.stringify({ url: 'https://log.example', ratchet: 'memory' }))
  const server = await startServer(t, ['--config', file], join(dir, 'data'))
  t.match(server.world.printed(), 'for clients at https://log.example\n')
  t.match(server.world.printed(), 'origin log.example')
  t.ok(existsSync(join(dir, 'memory')))
  t.equal(await server.stop(), 0)
})

t.test('SIGHUP, as the operating system sends it', async (t) => {
  const dir = scratch(t)
  const tokens = join(dir, 'tokens.json')
  await command(['token', 'create', 'first', '--tokens', tokens])
  const server = await spawnServer(join(dir, 'data'), '--write-tokens', tokens)
  t.teardown(() => server.kill())
  const second = (await command(['token', 'create', 'second', '--tokens', tokens])).printed.trim()
  const status = async () => {
    const headers = { authorization: `Bearer ${second}`, 'content-type': 'application/json' }
    return (await fetch(`${server.url}${ENTRIES}`, { method: 'POST', headers, body: '{}' })).status
  }
  t.equal(await status(), 401)
  process.kill(server.pid, 'SIGHUP')
  while (!server.output().includes('tokens read again')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(await status(), 400, 'the token is good, the body is not')
  t.notMatch(server.output(), second.slice(9))
  await server.stop()
})

t.test('stopped while no witness answers: the end is in good order, and the next start publishes', async (t) => {
  const dir = scratch(t)
  const [data, policy] = [join(dir, 'data'), join(dir, 'policy')]
  const { publicKey } = importEd25519Seed(new Uint8Array(32).fill(1))
  const vkey = formatVkey(createVkey('w.example', KEY_TYPE.cosignature, publicKey))
  writeFileSync(policy, `witness w ${vkey} http://127.0.0.1:${await freePort()}\nquorum w\n`)
  await (await startServer(t, [], data)).stop() // it has a checkpoint to read
  const server = await startServer(t, ['--witness-policy', policy], data)
  const body = hashedRekordBody(ecKey())
  t.equal((await postEntry(server, body)).status, 503)
  t.match((await ask(server, '/checkpoint')).text, '\n0\n')
  t.equal(await server.stop(), 0)
  const next = await startServer(t, [], data)
  t.match((await ask(next, '/checkpoint')).text, '\n1\n')
  t.equal((await postEntry(next, body)).status, 201, 'a retry gets its receipt')
  t.equal(await next.stop(), 0)
})
