/** Two logs in one server: the host decides what a path without a name means. */

import t from 'tap'
import { command, scratch } from '../cli/support.ts'
import { ecKey, hashedRekordBody } from './requests.ts'
import { ask, postEntry, said, startServer } from './support.ts'

t.test('two logs', async (t) => {
  const dir = scratch(t)
  for (const [slug, origin] of [
    ['v2', 'one.example'],
    ['tile', 'two.example'],
  ])
    t.match(await command(['log', 'create', slug ?? '', '--origin', origin ?? '', '--data', dir]), { code: 0 })
  const server = await startServer(t, ['--url', 'https://one.example'], dir)
  const origin = async (path: string, host: string) =>
    (await ask(server, path, { headers: { host } })).text.split('\n')[0]

  const hosts = {
    'one.example': 'one',
    'two.example': 'two',
    'TWO.example:8080': 'two',
    '127.0.0.1': 'one',
    '[::1]:80': 'one',
    elsewhere: 'one',
    '': 'one',
  }
  for (const [host, log] of Object.entries(hosts))
    for (const path of ['/checkpoint', '/api/v2/checkpoint'])
      t.equal(await origin(path, host), `${log}.example`, `${host} ${path}`)
  for (const host of ['one.example', 'two.example', 'elsewhere']) {
    t.equal(await origin('/logs/v2/checkpoint', host), 'one.example', 'a name goes before the host')
    t.equal(await origin('/logs/tile/checkpoint', host), 'two.example')
  }

  const body = hashedRekordBody(ecKey())
  t.equal((await postEntry(server, body, { host: 'two.example' })).status, 201)
  const sizes = async () =>
    Promise.all(['v2', 'tile'].map(async (slug) => (await ask(server, `/logs/${slug}/checkpoint`)).text.split('\n')[1]))
  t.same(await sizes(), ['0', '1'], 'logged where the host points')
  const receipt = JSON.parse((await postEntry(server, body, { host: 'one.example' })).text) as { logIndex: string }
  t.equal(receipt.logIndex, '0', 'deduplication is per log')
  t.same(await sizes(), ['1', '1'])
  t.equal((await ask(server, '/logs/tile/tile/0/000.p/1')).status, 200, 'a log may have the name of a path')
  t.equal(said(await ask(server, '/logs/v3/checkpoint')), '404 LOG_UNKNOWN no log is named v3')

  const root = JSON.parse((await ask(server, '/trust/trusted_root.json')).text) as {
    tlogs: { logId: { keyId: string } }[]
  }
  t.equal(new Set(root.tlogs.map((log) => log.logId.keyId)).size, 2, 'the trust file names both')
  const metrics = (await ask(server, '/metrics')).text
  for (const slug of ['v2', 'tile']) t.match(metrics, `colophon_tree_size{log="${slug}",kind="published"} 1`)
})
