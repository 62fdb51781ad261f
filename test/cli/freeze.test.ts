/** `colophon freeze`: with the server stopped, and through one that runs. */

import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { closeCrypto } from '../../src/crypto/node.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import * as make from '../dialects/rekor-v1/support.ts'
import { P256 } from '../dialects/rekor-v2/support.ts'
import { edit } from '../fault/refusals-cases.ts'
import { ENTRIES as V1_ENTRIES } from '../http/rekor-v1/support.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, ENTRIES, postEntry, said, startServer, type TestServer } from '../http/support.ts'
import { command, scratch, testWorld } from './support.ts'

t.teardown(closeCrypto)

const KEY = ecKey()

/** A log `v2` of two entries, its server stopped. */
async function scene(t: Test, ...flags: readonly string[]) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  const serve = (...more: readonly string[]) => startServer(t, ['--ratchet', at('ratchet'), ...more], at('data'))
  const server = await serve('--url', 'http://one.example', ...flags)
  for (let i = 0; i < 2; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  return { at, place, serve, server }
}

const freeze = (slug: string, ...flags: readonly string[]) => command(['freeze', slug, '--yes', ...flags])
const postTo = (server: TestServer, host: string) =>
  ask(server, ENTRIES, { method: 'POST', body: hashedRekordBody(KEY), headers: { host } })

t.test('it is asked for, by name', async (t) => {
  const { place, server } = await scene(t)
  await server.stop()
  for (const [typed, code] of [
    ['v3', 1],
    ['v2', 0],
  ] as const) {
    const world = testWorld()
    t.equal(await run(['freeze', 'v2', ...place], { ...world, ask: async () => typed }), code, `typed: ${typed}`)
    t.match(world.warned(), code === 0 ? /nothing takes its place for one\.example/ : /nothing was done/)
  }
  t.match(await command(['freeze', 'v2', ...place]), { code: 0, printed: /^v2 is frozen already\n$/ })
  for (const [argv, code, warned] of [
    [['freeze', 'v3', ...place], 3, /^LOG_UNKNOWN/],
    [['freeze', ...place], 2, /freeze takes one LOG/],
    [['freeze', 'v2', '--origin', 'two.example', ...place], 2, /--origin.*goes with --next/],
    [['freeze', 'v2', '--next', 'v3', ...place], 2, /know it by its host name, one\.example, .*--origin HOST/],
    [['freeze', 'v2', '--next', 'v3', '--origin', 'No', ...place], 2, /--origin.*not a lowercase host name/],
    [['freeze', 'v2', '--next', 'v2', ...place], 3, /^LOG_EXISTS: log v2 cannot take the place of v2/],
  ] as const)
    t.match(await command(argv), { code, warned }, argv.join(' '))
  const { place: other, server: running } = await scene(t)
  t.match(await command(['freeze', 'v2', ...other]), { code: 2, warned: /nobody can be asked here: give --yes/ })
  t.equal((await postEntry(running, hashedRekordBody(KEY))).status, 201)
})

t.test('a Rekor v2 log and its successor under another host, with the server stopped and through it', async (t) => {
  for (const isRunning of [false, true]) {
    const { place, serve, server } = await scene(t)
    if (!isRunning) await server.stop()
    const done = await freeze('v2', '--next', 'w2', '--origin', 'two.example', ...place)
    t.match(done, {
      code: 0,
      printed:
        /^v2 \(one\.example\) IS FROZEN at 2 entries, root [0-9a-f]{64}\nw2 \(two\.example\) takes its place\n {2}two\.example\+/,
      warned:
        /back up now.*\n(.*\n)?what clients reach as one\.example takes no entries any more: give them two\.example$/,
    })
    t.equal(/no server runs there/.test(done.warned), !isRunning)
    const after = isRunning ? server : await serve()
    t.match(said(await postTo(after, 'one.example')), /^410 LOG_FROZEN the log is frozen/)
    t.equal((await postTo(after, 'two.example')).status, 201)
    t.match(await ask(after, '/logs/v2/checkpoint'), { status: 200, text: /^one\.example\n2\n/ })
    t.match(await ask(after, '/logs/w2/checkpoint'), { status: 200, text: /^two\.example\n1\n/ })
    t.match(await freeze('v2', '--next', 'w2', ...place), { code: 0, printed: /frozen already\nw2 .* takes its place/ })
    t.equal((await ask(after, '/readyz')).status, 200)
    const { tlogs } = JSON.parse((await ask(after, '/trust/trusted_root.json')).text)
    t.match(tlogs, [{ publicKey: { validFor: { end: /^20/ } } }, { baseUrl: /two\.example/ }])
    t.match(await command(['log', 'list', ...place]), { printed: /^v2 .* frozen on .*\n.*\n.*\nw2 .* active / })
    t.equal(await after.stop(), 0)
    t.match(await command(['fsck', ...place]), { code: 0, printed: 'v2: 2 entries, clean\nw2: 1 entries, clean\n' })
  }
})

t.test('what is durable and not yet public gets the final checkpoint first', async (t) => {
  const { at, place, serve, server } = await scene(t)
  await server.stop()
  edit(at('data'), 'DELETE FROM newest_checkpoint')
  t.match(await freeze('v2', ...place), { code: 0, printed: /IS FROZEN at 2 entries/ })
  renameSync(at('ratchet'), at('gone')) // it could not sign any more, and need not
  t.match(await ask(await serve(), '/logs/v2/checkpoint'), { status: 200, text: /^one\.example\n2\n/ })
})

t.test('a log that cannot sign is not frozen but retired', async (t) => {
  const { at, place, server } = await scene(t)
  await server.stop()
  renameSync(at('ratchet'), at('gone'))
  t.match(await freeze('v2', ...place), { code: 3, warned: /^RATCHET_REFUSED/ })
  t.match(await command(['log', 'list', ...place]), { printed: / active / }, 'nothing was done')
  t.equal((await command(['retire', 'v2', '--yes', ...place])).code, 0)
})

t.test('a server that does not answer', async (t) => {
  const { at, place, server } = await scene(t)
  for (const [name, mode] of [
    ['data/control', 0o700],
    ['data/control/socket', 0o600],
  ] as const)
    t.equal(statSync(at(name)).mode & 0o777, mode, `${name} is for its owner alone`)
  rmSync(at('data/control/socket'))
  t.match(await freeze('v2', ...place), {
    code: 3,
    warned: new RegExp(`^STORE_LOCKED: .* in use by process ${process.pid}: .* does not answer at .control/socket.`),
  })
  t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
  await server.stop()
})

t.test('the socket goes with the server, and one that was left behind is replaced', async (t) => {
  const { at, place, serve, server } = await scene(t)
  await server.stop()
  t.notOk(existsSync(at('data/control/socket')))
  writeFileSync(at('data/control/socket'), 'as a server leaves it that was killed')
  const again = await serve()
  t.match(await command(['log', 'create', 'w2', '--origin', 'two.example', ...place]), { code: 0, printed: /^w2 / })
  t.equal((await postTo(again, 'two.example')).status, 201, 'a log that is made beside a server is served')
  t.match(await command(['log', 'create', 'w2', '--origin', 'x.example', ...place]), { code: 3, warned: /^LOG_EXISTS/ })
})

t.test('Rekor v1 hands over under its own name, with the server stopped', async (t) => {
  const { place, serve, server } = await scene(t, '--dialects', 'rekor-v1,rekor-v2')
  const body = JSON.stringify(make.hashedRekord(P256))
  const post = (to: TestServer) => ask(to, V1_ENTRIES, { method: 'POST', body })
  t.equal((await post(server)).status, 201)
  await server.stop()
  t.match(await freeze('v1', '--next', 'v1b', ...place), {
    code: 0,
    printed: /^v1 \(one\.example - \d+\) IS FROZEN at 1 entries.*\nv1b \(one\.example - \d+\) takes its place\n/,
    warned: /no server runs there/,
  })
  const [entry] = Object.values(JSON.parse((await post(await serve())).text))
  t.match(entry, { logIndex: 1, verification: { inclusionProof: { logIndex: 0, treeSize: 1 } } })
})

t.test('a clock that is behind ends no log before its last entry', async (t) => {
  const { place, server } = await scene(t)
  await server.stop()
  const world = testWorld()
  const clock = { ...world.clock, now: () => unixMillis(0) }
  t.equal(await run(['freeze', 'v2', '--yes', ...place], { ...world, clock }), 0)
  const [{ createdAt, retiredAt }] = JSON.parse((await command(['log', 'list', '--json', ...place])).printed)
  t.ok(retiredAt > createdAt)
})

t.test('a data directory whose path is too long for a socket', async (t) => {
  const data = join(scratch(t), 'long'.repeat(40))
  const server = await startServer(t, [], data)
  t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201, 'is served all the same')
  t.match(await freeze('v2', '--data', data), { code: 3, warned: /^STORE_LOCKED: .*does not answer/ })
  await server.stop()
  t.match(await freeze('v2', '--data', data), { code: 0 })
})
