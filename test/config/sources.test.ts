/** Flags before variables before the file before the default; and everything that is wrong, with its place. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseFlags } from '../../src/config/flags.ts'
import { variableOf } from '../../src/config/names.ts'
import { Problems } from '../../src/config/problems.ts'
import { parseData } from '../../src/config.ts'
import { scratch } from '../cli/support.ts'
import { good, parsed, write } from './support.ts'

t.test('who goes before whom', async (t) => {
  const file = write(scratch(t), 'c.json', {
    interval: 30,
    duplicates: 'conflict',
    hostname: 'file.example',
    logLevel: 'warn',
  })
  const env = { COLOPHON_INTERVAL: '20', COLOPHON_HOSTNAME: 'env.example', COLOPHON_CONFIG: file }
  const config = good(['--interval', '10'], env)
  t.equal(config.intervalMs, 10, 'a flag')
  t.equal(config.hostname, 'env.example', 'a variable')
  t.equal(config.duplicates, 'conflict', 'the file')
  t.equal(config.logLevel, 'warn')
  t.equal(config.attachmentLimit, 1_048_576, 'the default')
  t.equal(good([], env).intervalMs, 20)
  t.equal(good(['--config', file]).intervalMs, 30)
  t.equal(good([]).intervalMs, 5)
  const other = write(scratch(t), 'other.json', { interval: 40 })
  t.equal(good(['--config', other], { COLOPHON_CONFIG: file }).intervalMs, 40, 'one file alone is read')
})

t.test('each setting has each of its places', async (t) => {
  const dir = scratch(t)
  const texts: Record<string, [text: string, inFile: unknown]> = {
    listen: ['[::1]:80', '[::1]:80'],
    'metrics-listen': ['127.0.0.1:9090', '127.0.0.1:9090'],
    url: ['https://a.example', 'https://a.example'],
    hostname: ['b.example', 'b.example'],
    data: [join(dir, 'd'), 'd'],
    ratchet: [join(dir, 'r'), './r'],
    publish: [join(dir, 'p'), 'p'],
    'keep-entries': ['all', 'all'],
    duplicates: ['conflict', 'conflict'],
    interval: ['7', 7],
    'attachment-limit': ['0', 0],
    operator: ['Example Ltd', undefined],
    'log-level': ['trace', 'trace'],
  }
  const file: Record<string, unknown> = { trust: { operator: 'Example Ltd' } }
  for (const [name, [, inFile]] of Object.entries(texts))
    if (inFile !== undefined) file[name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())] = inFile
  const byFlag = good(Object.entries(texts).flatMap(([name, [text]]) => [`--${name}`, text]))
  const byEnv = Object.entries(texts).map(([name, [text]]) => [variableOf(name as 'listen'), text] as const)
  t.same(good([], Object.fromEntries(byEnv)), byFlag)
  t.same(good(['--config', write(dir, 'c.json', file)]), byFlag)
  t.match(byFlag, {
    listen: { kind: 'tcp', host: '::1', port: 80 },
    metricsListen: { kind: 'tcp', host: '127.0.0.1', port: 9090 },
    url: 'https://a.example',
    hostname: 'b.example',
    hostnameGiven: true,
    data: { dir: join(dir, 'd'), ratchet: { kind: 'directory', dir: join(dir, 'r') } },
    publish: { kind: 'directory', dir: join(dir, 'p') },
    keepEntries: null,
    duplicates: 'conflict',
    intervalMs: 7,
    attachmentLimit: 0,
    trust: { operator: 'Example Ltd' },
    logLevel: 'trace',
  })
  const proxies = good(['--config', write(dir, 'p.json', { trustedProxies: ['10.0.0.0/8', 'unix'] })]).trustedProxies
  t.same([proxies?.('10.1.1.1'), proxies?.(undefined), proxies?.('127.0.0.1')], [true, true, false])
})

t.test('unknown variables', async (t) => {
  t.same(parsed([], { COLOPHON_LISTNE: 'secret', COLOPHON_: '', PATH: '/bin', COLOPHONE: '1' }), [
    'COLOPHON_: there is no such setting',
    'COLOPHON_LISTNE: there is no such setting',
  ])
  t.throws(() => parseData({}, { COLOPHON_DATE: 'x' }), { message: 'COLOPHON_DATE: there is no such setting' })
  const links = {
    COLOPHON_SERVICE_HOST: '10.0.0.1',
    COLOPHON_SERVICE_PORT: '3000',
    COLOPHON_SERVICE_PORT_HTTP: '3000',
    COLOPHON_PORT: 'tcp://10.0.0.1:3000',
    COLOPHON_PORT_3000_TCP: 'tcp://10.0.0.1:3000',
    COLOPHON_PORT_3000_TCP_ADDR: '10.0.0.1',
    COLOPHON_METRICS_PORT: 'tcp://10.0.0.1:9090',
    COLOPHON_METRICS_SERVICE_PORT: '9090',
  }
  good([], links)
  const typed = { COLOPHON_PORT: '3000', COLOPHON_METRICS_PORT: '9090', COLOPHON_PORT_TCP: 'x', COLOPHON_SERVICE: 'x' }
  t.same(
    parsed([], typed),
    Object.keys(typed)
      .sort()
      .map((name) => `${name}: there is no such setting`),
    'and no more than those',
  )
})

t.test('everything at once, each with its place', async (t) => {
  const file = write(scratch(t), 'c.json', {
    duplicates: 'maybe',
    intervall: 5,
    logLevel: 3,
    trust: { operator: '', owner: 1 },
  })
  const env = { COLOPHON_CONFIG: file, COLOPHON_INTERVAL: '0', COLOPHON_DATA: '', COLOPHON_X: '' }
  t.same(parsed(['--listen', '80', '--url', 'x', 'word'], env), [
    'arguments: serve takes flags alone, not word',
    'COLOPHON_X: there is no such setting',
    `${file}: intervall: there is no such setting`,
    `${file}: logLevel: a string was expected`,
    `${file}: trust.operator: a string was expected`,
    `${file}: trust.owner: there is no such setting`,
    '--listen: not HOST:PORT: 80',
    '--url: not an http(s) URL: x',
    'COLOPHON_DATA: must be a path',
    `${file}: duplicates: must be one of return, conflict, not maybe`,
    'COLOPHON_INTERVAL: must be a whole number from 1 to 10000, not 0',
  ])
  t.match(parsed(['--lisen', 'x'], { COLOPHON_INTERVAL: 'a' }), [
    /^--lisen: there is no such flag/,
    /^COLOPHON_INTERVAL: /,
  ])
})

t.test('files that are none', async (t) => {
  const dir = scratch(t)
  mkdirSync(join(dir, 'folder'))
  const cases: readonly [content: string, says: RegExp][] = [
    ['', /c\.json: the document: unexpected end, at character 0$/],
    ['[]', /c\.json: an object was expected$/],
    ['{"interval":1,"interval":2}', /c\.json: interval: duplicate key/],
    ['{"interval":5} x', /text after the value/],
    ['{"interval":"5"}', /c\.json: interval: a number was expected$/],
    ['{"interval":5.5}', /c\.json: interval: must be a whole number from 1 to 10000, not 5\.5$/],
    ['{"interval":null}', /c\.json: interval: a number was expected$/],
    ['{"listen":3000}', /c\.json: listen: a string was expected$/],
    ['{"listen":""}', /c\.json: listen: a string was expected$/],
    ['{"trustedProxies":"unix"}', /c\.json: trustedProxies: an array of strings was expected$/],
    ['{"trustedProxies":["unix,loopback"]}', /c\.json: trustedProxies: a string was expected$/],
    ['{"trustedProxies":[]}', /c\.json: trustedProxies: not an address/],
    ['{"trust":[]}', /c\.json: trust: an object was expected$/],
    ['{"trust.operator":"x"}', /c\.json: \["trust\.operator"\]: there is no such setting$/],
    ['{"config":"x"}', /c\.json: config: there is no such setting$/],
    ['{"attachment-limit":5}', /c\.json: \["attachment-limit"\]: there is no such setting$/],
    ['{"__proto__":5}', /c\.json: __proto__: there is no such setting$/],
    [' '.repeat(256 * 1024 + 1), /c\.json is over 262144 bytes$/],
  ]
  for (const [content, says] of cases) {
    const problems = parsed(['--config', write(dir, 'c.json', content)]) as string[]
    t.match(problems, [says], content.slice(0, 40))
    t.equal(problems.length, 1)
  }
  t.match(parsed(['--config', join(dir, 'none.json')]), [/^--config: .*none\.json cannot be read: ENOENT$/])
  t.match(parsed([], { COLOPHON_CONFIG: join(dir, 'folder') }), [/^COLOPHON_CONFIG: .*folder is not a file$/])
  t.match(parsed(['--config', '']), ['--config: must be a path'])
})

t.test('flags', async (t) => {
  t.throws(() => parseData({}, { COLOPHON_KEY_PASSPHRASE: '' }), {
    code: 'CONFIG_INVALID',
    message: /is set, but empty/,
  })
  const problems = new Problems()
  const argv = ['--listn', '1', '--ratchet=-r', 'word', '--json=1', '--config', 'c', '--data']
  const { flags, words } = parseFlags(argv, ['data', 'ratchet'], ['json'], problems)
  t.same({ flags, words }, { flags: { ratchet: '-r', config: 'c' }, words: ['word'] }, 'the rest is heard of too')
  t.throws(() => problems.check(), { message: /^--listn: .*\n--json: takes no value\n--data: its value is missing.*$/ })
  t.throws(() => parseFlags(['--data', 'a', '--data', 'b'], ['data']), { message: '--data: given more than once' })
  t.same(
    parseFlags(['--data', 'a', '--config', 'c'], ['data']).flags,
    { data: 'a', config: 'c' },
    'the data may stand in the file',
  )
  t.throws(() => parseFlags(['--config', 'c'], ['origin']), { code: 'CONFIG_INVALID' })
  const dir = scratch(t)
  const file = write(dir, 'c.json', { data: 'here', interval: 99_999 })
  t.same(parseData({ config: file }, {}), {
    dir: join(dir, 'here'),
    ratchet: { kind: 'directory', dir: join(dir, 'here', 'ratchet') },
    passphrase: undefined,
    database: null,
    bundles: null,
  })
  t.equal(parseData({ config: file, data: '/a' }, { COLOPHON_KEY_PASSPHRASE: 'x' }).passphrase, 'x')
})

t.test('no secret is repeated', async (t) => {
  const env = {
    COLOPHON_KEY_PASSPHRASE: 'hunter2-passphrase',
    COLOPHON_INTERVAL: 'x',
    COLOPHON_PASSPHRASE: 'hunter2-typo',
  }
  const argv = ['--url', 'https://user:hunter2@log.example:99999', '--fulcio-url', 'https://user:hunter2@a']
  const problems = parsed(argv, env)
  t.match(problems, [/^COLOPHON_PASSPHRASE: /, /^--url: /, /^COLOPHON_INTERVAL: /])
  t.notMatch(String(problems), 'hunter2')
  for (const url of ['https://user:hunter2@log.example', 'ftp://user:hunter2@log.example', 'https://user:hunter2@'])
    t.notMatch((parsed(['--url', url]) as string[]).join(), 'hunter2', url)
})
