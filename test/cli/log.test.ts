/** `colophon log` and the start of a server over what it made. */

import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ask, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

t.test('create and list', async (t) => {
  const data = join(scratch(t), 'data')
  const create = (slug: string, origin: string, ...more: string[]) =>
    command(['log', 'create', slug, '--origin', origin, '--data', data, ...more])

  const first = await create('v2', 'one.example')
  t.match(first, {
    code: 0,
    warned: '',
    printed:
      /^v2 {2}rekor-v2 {2}active {2}origin one.example {2}since \S+\n {2}one.example\+[0-9a-f]{8}\+\S+\n {2}one.example\+[0-9a-f]{8}\+… of ML-DSA-44, whole with --json\n$/,
  })
  const second = JSON.parse((await create('2027-1', 'two.example', '--json')).printed)
  t.match(second, [{ number: 1, slug: '2027-1', dialect: 'rekor-v2', origin: 'two.example', state: 'active' }])
  const listed = await command(['log', 'list', '--data', data])
  t.equal(listed.printed.split('\n')[0], first.printed.split('\n')[0], 'the list says the same')
  t.equal(JSON.parse((await command(['log', 'list', '--data', data, '--json'])).printed).length, 2)

  t.match(await create('v2', 'three.example'), { code: 3, warned: /^LOG_EXISTS: a log named v2 exists already/ })
  for (const slug of ['V2', 'a_b', '-a', 'a/b', '..', 'a'.repeat(33), 'é'])
    t.match(
      await create(slug, 'three.example'),
      { code: slug.startsWith('-') ? 2 : 3, warned: /^(FIELD_INVALID: slug|CONFIG_INVALID)/ },
      slug,
    )
  t.same(
    readdirSync(join(data, 'keys')).sort(),
    ['2027-1.ml-dsa-44.pem', '2027-1.pem', 'v2.ml-dsa-44.pem', 'v2.pem'],
    'and leaves no key behind',
  )

  for (const name of readdirSync(join(data, 'keys')))
    t.equal(statSync(join(data, 'keys', name)).mode & 0o777, 0o600, name)
  for (const name of ['', 'keys', 'ratchet'])
    t.equal(statSync(join(data, name)).mode & 0o077, 0, `${name || 'the directory'} is for its owner alone`)
})

t.test('an origin is for one log alone', async (t) => {
  const data = join(scratch(t), 'data')
  t.match(await command(['log', 'create', 'a', '--origin', 'one.example', '--data', data]), { code: 0 })
  t.match(await command(['log', 'create', 'b', '--origin', 'one.example', '--data', data]), {
    code: 3,
    warned: /^LOG_EXISTS: .*one.example/,
  })
})

t.test('a key that was made before', async (t) => {
  const data = join(scratch(t), 'data')
  t.match(await command(['log', 'create', 'v2', '--origin', 'one.example', '--data', data]), { code: 0 })
  const made = await command(['keygen', join(data, 'keys', 'next.pem'), '--origin', 'two.example'])
  const { printed } = await command(['log', 'create', 'next', '--origin', 'two.example', '--data', data])
  t.equal(printed.split('\n')[1]?.trim(), made.printed.trim(), 'is the log’s key')
  const path = join(data, 'keys', 'third.ml-dsa-44.pem')
  const second = await command(['keygen', path, '--origin', 'three.example', '--algorithm', 'ml-dsa-44'])
  const third = await command(['log', 'create', 'third', '--origin', 'three.example', '--data', data, '--json'])
  t.equal(JSON.parse(third.printed)[0].mlDsaVkey, second.printed.trim(), 'and so is the post-quantum one')
  const long = ['--origin', `${'a.'.repeat(117)}a`, '--dialect', 'rekor-v1', '--data', data]
  const refused = await command(['log', 'create', 'long', ...long])
  t.match(refused, { code: 3, warned: /^FIELD_INVALID: the origin may have 257 bytes, at most 255 can be signed/ })
})

t.test('beside a running server', async (t) => {
  const server = await startServer(t)
  const list = await command(['log', 'list', '--data', server.dir])
  t.match(list, { code: 0, printed: /^v2 / }, 'logs can be listed')
  t.match(await command(['fsck', '--data', server.dir]), { code: 0, printed: 'v2: 0 entries, clean\n' }, 'and checked')
  const create = await command(['log', 'create', 'b', '--origin', 'b.example', '--data', server.dir])
  t.match(create, { code: 0, printed: /^b {2}rekor-v2 {2}active / }, 'and created, by the server')
  t.match(await ask(server, '/logs/b/checkpoint'), { status: 200, text: /^b\.example\n0\n/ })
  t.equal((await ask(server, '/trust/b.vkey')).text, `${create.printed.split('\n')[1]?.trim()}\n`)
})

t.test('a tree that waits for its turn', async (t) => {
  const data = ['--data', join(scratch(t), 'data')]
  const create = (...argv: readonly string[]) => command(['log', 'create', ...argv, ...data])
  const first = ['v1', '--dialect', 'rekor-v1', '--origin', 'one.example']
  t.match(await create(...first), { code: 0, printed: / active / })
  t.match(await create('next', '--after', 'v1'), { code: 0, printed: /^next {2}rekor-v1 {2}waiting {2}origin one\.ex/ })
  t.match(JSON.parse((await command(['log', 'list', '--json', ...data])).printed), [
    { state: 'active' },
    { state: 'waiting' },
  ])
  for (const [argv, code, warned] of [
    [['more', '--after', 'v0'], 3, /^LOG_UNKNOWN/],
    [['more', '--after', 'v1', '--dialect', 'rekor-v1'], 2, /--dialect.*is that of --after/],
    [['more'], 2, /--origin/],
  ] as const)
    t.match(await create(...argv), { code, warned }, argv.join(' '))
  t.match(await create('elsewhere', '--after', 'v1', '--origin', 'two.example'), { code: 0, printed: / active / })
  t.equal((await command(['retire', 'v1', '--yes', ...data])).code, 0)
  t.match(await command(['log', 'list', ...data]), {
    printed: /^v1 .* frozen on .*\n.*\n.*\nnext {2}rekor-v1 {2}active /,
  })
})

t.test('a data directory is made only where there is nothing', async (t) => {
  const data = scratch(t)
  writeFileSync(join(data, 'notes.txt'), 'mine')
  const serve = await command(['serve', '--listen', '127.0.0.1:0', '--data', data])
  t.match(serve, { code: 3, warned: /^STORE_MISSING: .* has no log.db, yet it is not empty/ })
  t.match(await command(['log', 'create', 'v2', '--origin', 'a', '--data', data]), {
    code: 3,
    warned: /^STORE_MISSING: /,
  })
  t.same(
    readdirSync(data).filter((name) => !name.startsWith('lock')),
    ['notes.txt'],
    'nothing was added',
  )
  const elsewhere = join(scratch(t), 'a', 'b')
  const server = await startServer(t, [], elsewhere)
  t.match(server.world.warned(), /CREATED a new data directory .* with the log v2, whose verifier key is localhost\+/)
  t.match(server.world.warned(), /the ratchet is in the data directory: .* another filesystem/)
  await server.stop()
  const again = await startServer(t, ['--ratchet', join(elsewhere, 'ratchet')], elsewhere)
  t.notMatch(again.world.warned(), /CREATED/, 'once')
})

t.test('a ratchet of its own place', async (t) => {
  const [data, ratchet] = [join(scratch(t), 'data'), join(scratch(t), 'ratchet')]
  const server = await startServer(t, ['--ratchet', ratchet], data)
  t.equal(server.world.warned().includes('the ratchet is in'), false)
  t.equal(existsSync(join(data, 'ratchet')), false)
  t.equal(readdirSync(ratchet).length, 1)
  await server.stop()
  t.match(await command(['fsck', '--data', data, '--ratchet', ratchet]), { code: 0 })
})
