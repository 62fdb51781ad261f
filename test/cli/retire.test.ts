/** `colophon retire`, and what the start does with a log that was. */

import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { edit } from '../fault/refusals-cases.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, ENTRIES, postEntry, said, startServer } from '../http/support.ts'
import { command, scratch, testWorld } from './support.ts'

const KEY = ecKey()

async function scene(t: Test, count = 2) {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const place = ['--data', at('data'), '--ratchet', at('ratchet')]
  if (count > 0) {
    const server = await startServer(t, ['--ratchet', at('ratchet'), '--url', 'http://one.example'], at('data'))
    for (let i = 0; i < count; i++) t.equal((await postEntry(server, hashedRekordBody(KEY))).status, 201)
    await server.stop()
  } else await command(['log', 'create', 'v2', '--origin', 'one.example', ...place])
  return { at, place, serve: () => startServer(t, ['--ratchet', at('ratchet')], at('data')) }
}

t.test('it is asked for, by name', async (t) => {
  const { place } = await scene(t, 0)
  for (const [typed, code] of [
    ['v3', 1],
    ['', 1],
    ['v2', 0],
  ] as const) {
    const world = testWorld()
    const asked: string[] = []
    const answer = async (question: string) => {
      asked.push(question)
      return typed
    }
    t.equal(await run(['retire', 'v2', ...place], { ...world, ask: answer }), code, `typed: ${typed}`)
    t.same(asked, ["Type the log's name to end it: "])
    t.match(world.warned(), code === 0 ? /colophon log create/ : /nothing was done/)
  }
  t.match(await command(['retire', 'v2', ...place]), { code: 0, printed: 'v2 is frozen already\n' })
  t.match(await command(['retire', 'v3', '--yes', ...place]), { code: 3, warned: /^LOG_UNKNOWN/ })
  t.match(await command(['retire', ...place]), { code: 2, warned: /retire takes one LOG/ })
})

t.test('nobody is asked where there is no terminal', async (t) => {
  const { place } = await scene(t, 0)
  t.match(await command(['retire', 'v2', ...place]), { code: 2, warned: /nobody can be asked here: give --yes/ })
})

t.test('a whole log is served on, and takes nothing', async (t) => {
  const { place, serve } = await scene(t)
  t.match(await command(['retire', 'v2', '--yes', ...place]), {
    code: 0,
    printed: /^v2 \(one\.example\) IS ENDED FOR EVER at 2 published/,
  })
  const server = await serve()
  t.match(await ask(server, '/logs/v2/checkpoint'), { status: 200, text: /^one\.example\n2\n/ })
  t.match(said(await postEntry(server, hashedRekordBody(KEY))), /LOG_FROZEN|LOG_CLOSED/)
})

t.test('a stolen key: said at once or later, never unsaid', async (t) => {
  const { at, place, serve } = await scene(t)
  const before = await serve()
  const trusted = async (server: typeof before) =>
    JSON.parse((await ask(server, '/trust/trusted_root.json')).text).tlogs.map(
      (log: { baseUrl: string }) => log.baseUrl,
    )
  t.equal((await trusted(before)).length, 1)
  await before.stop()
  t.match(await command(['retire', 'v2', '--since', '2026-01-01T00:00:00Z', ...place]), {
    code: 2,
    warned: /--since.*goes with --compromised/,
  })
  for (const [since, why] of [
    ['yesterday', /--since.*not a time/],
    ['2999-01-01T00:00:00Z', /--since.*in the future/],
  ] as const)
    t.match(
      await command(['retire', 'v2', '--compromised', '--since', since, ...place]),
      { code: 2, warned: why },
      since,
    )
  t.match(await command(['retire', 'v2', '--compromised', '--since', '2020-01-01T00:00:00Z', '--yes', ...place]), {
    code: 0,
    printed: /IS ENDED FOR EVER at 2 published entries\nnone of its checkpoints is older than the theft\n$/,
  })
  t.match(await command(['retire', 'v2', '--compromised', ...place]), {
    code: 0,
    printed: /known as compromised already, since 20[0-9T:.-]{21}Z: that stays\n$/,
  })
  t.match(await command(['retire', 'v2', ...place]), { code: 0, printed: /frozen already/ })
  t.match(await command(['log', 'list', ...place]), { printed: /^v2 {2}rekor-v2 {2}COMPROMISED since 2020-01-01T/ })
  await command(['log', 'create', 'next', '--origin', 'next.example', ...place])
  t.ok(existsSync(at('data/trust/v2.vkey')))
  const server = await serve()
  t.match(await trusted(server), [/^http:\/\/next\.example:/])
  t.notOk(existsSync(at('data/trust/v2.vkey')) || existsSync(at('data/trust/v2.pem')), 'nor on the disk')
  t.match(JSON.parse((await ask(server, '/logs/v2')).text), { state: 'compromised', size: 2 })
  t.equal((await ask(server, '/logs/v2/checkpoint')).status, 200, 'it is still read')
  const request = { method: 'POST', body: hashedRekordBody(KEY), headers: { host: 'one.example' } }
  t.match(said(await ask(server, ENTRIES, request)), /LOG_FROZEN/)
})

t.test('its last checkpoint from before the theft', async (t) => {
  const { at, place } = await scene(t)
  edit(at('data'), 'UPDATE newest_checkpoint SET time_ms = 5000; UPDATE checkpoint SET time_ms = 1000 * size')
  const since = ['--since', '1970-01-01T00:00:01Z']
  t.match(await command(['retire', 'v2', '--yes', ...place]), { code: 0 })
  t.match(await command(['retire', 'v2', '--compromised', ...since, '--yes', ...place]), {
    code: 0,
    printed: /^its last checkpoint from before: size 0, root e3b0c442[0-9a-f]{56}, of 1970-01-01T00:00:00\.000Z$/m,
  })
})

t.test('what it lost does not keep the others from starting', async (t) => {
  const losses: readonly [string, (at: (name: string) => string) => void][] = [
    ['its ratchet', (at) => rmSync(at('ratchet'), { recursive: true })],
    ['its key', (at) => rmSync(at('data/keys/v2.pem'))],
    [
      'all its keys and the ratchet',
      (at) => {
        // With its key the trust repository ends too: the server makes another, and clients start anew with that.
        for (const name of ['data/keys', 'data/trust', 'ratchet']) renameSync(at(name), at(`${name}.gone`))
      },
    ],
  ]
  for (const [name, lose] of losses) {
    const { at, place, serve } = await scene(t)
    lose(at)
    const refused = ['serve', '--listen', '127.0.0.1:0', ...place, '--log-level', 'silent']
    t.match(await command(refused), { code: 3 }, `${name}: refused while it is active`)
    t.match(await command(['retire', 'v2', '--yes', ...place]), { code: 0 })
    t.match(await command(['log', 'create', 'next', '--origin', 'next.example', ...place]), { code: 0 })
    const server = await serve()
    t.match(await ask(server, '/logs/v2/checkpoint'), { status: 200, text: /^one\.example\n2\n/ })
    t.match(await ask(server, '/logs/v2/tile/entries/000.p/2'), { status: 200 })
    const body = hashedRekordBody(KEY)
    t.equal((await ask(server, ENTRIES, { method: 'POST', body, headers: { host: 'next.example' } })).status, 201, name)
    t.equal((await ask(server, '/readyz')).status, 200)
    t.equal(await server.stop(), 0, 'and the server ends in order')
    t.match(await command(['fsck', ...place]), { code: 0, printed: /v2: 2 entries, clean/ })
  }
})

t.test('a log that never published is not there', async (t) => {
  const { at, place, serve } = await scene(t, 0)
  rmSync(at('ratchet'), { recursive: true })
  await command(['retire', 'v2', '--yes', ...place])
  await command(['log', 'create', 'next', '--origin', 'next.example', ...place])
  const server = await serve()
  t.match(await ask(server, '/logs/v2/checkpoint'), { status: 404 })
  t.match(await ask(server, '/logs/next/checkpoint'), { status: 200 })
})

t.test('a copy of the data with another tree than its checkpoint is refused, frozen or not', async (t) => {
  const { at, place } = await scene(t)
  rmSync(at('ratchet'), { recursive: true })
  await command(['retire', 'v2', '--yes', ...place])
  edit(at('data'), 'UPDATE leaf SET hash = zeroblob(32) WHERE at = 1')
  const serve = ['serve', '--listen', '127.0.0.1:0', ...place, '--log-level', 'silent']
  t.match(await command(serve), { code: 3, warned: /^STORE_CORRUPT: / })
})
