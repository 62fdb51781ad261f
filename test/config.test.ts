/** What a server is told, put together. */

import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listeningAt } from '../src/config.ts'
import { command, scratch } from './cli/support.ts'
import { good, parsed, write } from './config/support.ts'

t.test('addresses and the URL', async (t) => {
  t.match(good([]), { url: 'http://localhost:3000', urlGiven: false, hostname: 'localhost', hostnameGiven: false })
  t.match(good(['--listen', '0.0.0.0:80']), { url: 'http://localhost' })
  t.match(good(['--url', 'https://log.example:8443']), {
    url: 'https://log.example:8443',
    hostname: 'log.example',
    hostnameGiven: true,
  })
  t.match(good(['--hostname', 'log.example']), {
    url: 'http://localhost:3000',
    hostname: 'log.example',
    hostnameGiven: true,
  })
  t.match(good(['--listen', 'unix:/run/a.sock', '--url', 'https://a']), {
    listen: { kind: 'unix', path: '/run/a.sock' },
  })

  const free = good(['--listen', '127.0.0.1:0'])
  const at = { kind: 'tcp', host: '127.0.0.1', port: 4711 } as const
  t.match(listeningAt(free, at), { url: 'http://localhost:4711', listen: at, hostname: 'localhost' })
  t.equal(listeningAt(good(['--url', 'https://a']), at).url, 'https://a')

  const wrong: readonly [argv: readonly string[], says: readonly string[]][] = [
    [['--listen', 'unix:/run/a.sock'], ['--listen: behind a unix socket, --url must say what clients reach']],
    [
      ['--listen', 'unix:a.sock', '--url', 'https://a'],
      ['--listen: not unix: and an absolute path of at most 103 bytes: unix:a.sock'],
    ],
    [
      ['--listen', 'unix:/run/', '--url', 'https://a'],
      ['--listen: not unix: and an absolute path of at most 103 bytes: unix:/run/'],
    ],
    [['--metrics-listen', '127.0.0.1:3000'], ['--metrics-listen: is the address of --listen']],
    [['--metrics-listen', 'unix:/a'], ['--metrics-listen: not HOST:PORT: unix:/a']],
    [['--url', 'http://[::1]:3000'], ['--url: not a lowercase host name: [::1]']],
    [['--url', 'http://a_b'], ['--url: not a lowercase host name: a_b']],
    [['--url', 'https:log.example'], ['--url: not an http(s) URL: https:log.example']],
  ]
  for (const [argv, says] of wrong) t.same(parsed(argv), says, argv.join(' '))
  t.equal((parsed(['--listen', `unix:/${'a'.repeat(103)}`, '--url', 'https://a']) as string[]).length, 1)
  good(['--listen', `unix:/${'a'.repeat(102)}`, '--url', 'https://a'])
  good(['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'])
})

t.test('no ratchet where backups would copy it', async (t) => {
  const data = scratch(t)
  symlinkSync(join(data, 'trust'), join(data, 'link'))
  for (const [name, folder] of [
    ['keys', 'keys'],
    ['keys/a/b', 'keys'],
    ['link', 'trust'],
  ] as const) {
    const says = `must not lie in ${join(data, folder)}, which every backup takes along`
    const flags = ['--data', data, '--ratchet', join(data, name)]
    mkdirSync(join(data, folder), { recursive: true })
    t.same(parsed(flags), [`--ratchet: ${says}`], name)
    t.match(await command(['log', 'create', 'v2', '--origin', 'a.example', ...flags]), { code: 2, warned: says })
  }
  for (const name of ['', 'ratchet', 'keys-of-others']) good(['--data', data, '--ratchet', join(data, name)])
})

t.test('tokens', async (t) => {
  const dir = scratch(t)
  const path = join(dir, 'tokens.json')
  await command(['token', 'create', 'ci', '--tokens', path])
  t.equal(good([]).writeTokens, null)
  t.match(good(['--write-tokens', path]).writeTokens, { path, tokens: [{ name: 'ci', logs: null }] })
  t.match(good(['--config', write(dir, 'c.json', { writeTokens: 'tokens.json' })]).writeTokens, { path })
  t.match(parsed(['--write-tokens', join(dir, 'none')]), [/^--write-tokens: .*none cannot be read: ENOENT$/])
  t.match(parsed(['--write-tokens', join(dir, 'c.json')]), [/^--write-tokens: .*c\.json: tokens: missing$/])
  chmodSync(path, 0o620)
  t.match(parsed(['--write-tokens', path]), [/^--write-tokens: .*tokens\.json may be written by others/])
})
