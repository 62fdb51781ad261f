/** `colophon config check`: what comes out, and who said so. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SETTING_NAMES } from '../../src/config/settings.ts'
import { CHAIN, write } from '../config/support.ts'
import { command, scratch } from './support.ts'

t.test('what comes out', async (t) => {
  const dir = scratch(t)
  write(dir, 'ca.pem', CHAIN)
  const file = write(dir, 'c.json', {
    data: 'data',
    interval: 9,
    trust: { operator: 'Example', certificateAuthorities: [{ url: 'https://ca', certificate: 'ca.pem' }] },
  })
  const env = { COLOPHON_CONFIG: file, COLOPHON_URL: 'https://log.example', COLOPHON_KEY_PASSPHRASE: 'hunter2' }
  const argv = ['config', 'check', '--duplicates', 'conflict', '--oidc-issuer', 'https://login']
  const text = await command(argv, env)
  t.match(text, { code: 0, warned: '' })
  t.notMatch(text.printed, 'hunter2')
  const lines = text.printed.split('\n').map((line) => line.split(/ {2,}/))
  for (const row of [
    ['config', file, 'COLOPHON_CONFIG'],
    ['url', 'https://log.example', 'COLOPHON_URL'],
    ['hostname', 'log.example', 'default'],
    ['duplicates', 'conflict', '--duplicates'],
    ['interval', '9', `${file}: interval`],
    ['data', join(dir, 'data'), `${file}: data`],
    ['ratchet', join(dir, 'data/ratchet'), 'default'],
    ['operator', 'Example', `${file}: trust.operator`],
    ['log-level', '(info; warn on a terminal)', 'default'],
    ['metrics-listen', '(none)', 'default'],
    ['trust.certificateAuthorities', 'https://ca', `${file}: trust.certificateAuthorities`],
    ['trust.oidc', 'https://login', '--oidc-issuer'],
    ['trust.ctLogs', '(none)', 'default'],
    ['passphrase', '(set, not shown)', 'COLOPHON_KEY_PASSPHRASE'],
  ])
    t.same(
      lines.find(([name]) => name === row[0]),
      row,
    )

  const { settings } = JSON.parse((await command([...argv, '--json'], env)).printed)
  t.same(settings.interval, { value: '9', source: 'file', from: `${file}: interval` })
  t.same(settings.url, { value: 'https://log.example', source: 'environment', from: 'COLOPHON_URL' })
  t.same(settings.duplicates, { value: 'conflict', source: 'flag', from: '--duplicates' })
  t.same(settings.publish, { value: null, source: 'default', from: null })
  t.same(settings['trust.oidc'], { value: 'https://login', source: 'flag', from: '--oidc-issuer' })
  const lists = ['fulcio', 'tsa', 'ct-log', 'oidc']
  for (const name of SETTING_NAMES.filter((each) => !lists.some((kind) => each.startsWith(kind))))
    t.ok(settings[name], name)
  t.notOk(existsSync(join(dir, 'data')), 'nothing was made')
})

t.test('nothing said', async (t) => {
  const { code, printed } = await command(['config', 'check', '--listen', '127.0.0.1:0'])
  t.equal(code, 0)
  t.match(printed, /^url +\(http:\/\/localhost:PORT\) +default$/m)
  t.match(printed, /^passphrase +\(none\) +default$/m)
})

t.test('what is wrong', async (t) => {
  const dir = scratch(t)
  const file = write(dir, 'c.json', { trust: { ctLogs: [{ url: 'https://ct', publicKey: 'none.pem' }] } })
  const argv = [
    'config',
    'check',
    '--config',
    file,
    '--interval',
    '0',
    '--write-tokens',
    join(dir, 'none.json'),
    '--lisen',
    'x',
  ]
  const known = argv.slice(0, -2)
  const { code, warned, printed } = await command(known, { COLOPHON_DATE: '' })
  t.equal(code, 2)
  t.equal(printed, '')
  const problems = warned.split('\n\n')[0] ?? ''
  for (const says of [
    /COLOPHON_DATE: /,
    /--interval: /,
    /--write-tokens: .*none\.json cannot be read/,
    /ctLogs\[0\]\.publicKey: .*none\.pem/,
  ])
    t.match(problems, says)
  t.equal(problems.split('\n').length, 4)
  t.match(await command(argv, {}), { code: 2, warned: /CONFIG_INVALID: --lisen: there is no such flag/ })
  for (const words of [[], ['show'], ['check', 'it']])
    t.match(await command(['config', ...words]), { code: 2, warned: /CONFIG_INVALID: config takes `check`/ })
})

t.test('other commands read the same places', async (t) => {
  const dir = scratch(t)
  const file = write(dir, 'c.json', { data: 'data', ratchet: 'ratchet' })
  t.match(await command(['log', 'create', 'v2', '--origin', 'a', '--config', file]), { code: 0 })
  t.ok(existsSync(join(dir, 'data/log.db')) && existsSync(join(dir, 'ratchet')))
  t.match(await command(['log', 'list'], { COLOPHON_CONFIG: file }), { code: 0, printed: /^v2 / })
  t.match(await command(['fsck'], { COLOPHON_DATA: join(dir, 'data'), COLOPHON_RATCHET: join(dir, 'ratchet') }), {
    code: 0,
  })
  t.match(await command(['fsck', '--config', file], { COLOPHON_DTA: '' }), {
    code: 2,
    warned: /COLOPHON_DTA: there is no such/,
  })
})
