/** What every command does with right and wrong words. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { command, scratch } from './support.ts'

const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version

t.test('help', async (t) => {
  const list = await command(['help'])
  t.match(list, { code: 0, warned: '' })
  for (const name of ['serve', 'log', 'keygen', 'fsck']) {
    t.match(list.printed, new RegExp(`^ {2}${name} `, 'm'), `${name} is listed`)
    const usage = await command(['help', name])
    t.match(usage, { code: 0, warned: '', printed: new RegExp(`^colophon ${name} `) })
    t.same(await command([name, '--help']), usage)
    t.same(await command([name, '--data', '/nowhere', '--help', 'x']), usage, 'wherever it stands')
  }
  t.same(await command([]), list)
  t.same(await command(['--help']), list)
  t.same(await command(['--version']), { code: 0, printed: `colophon ${VERSION}\n`, warned: '' })
})

const NOWHERE = ['--data', '/nowhere/data']

const MISUSED: readonly [argv: string[], code: number, warned: RegExp][] = [
  [['sreve'], 2, /^unknown command sreve\n/],
  [['--serve'], 2, /^unknown command --serve\n/],
  [['serve', '--prot', '1'], 2, /^CONFIG_INVALID: --prot: there is no such flag/],
  [['serve', '--data'], 2, /^CONFIG_INVALID: --data: its value is missing/],
  [['serve', 'here', 'now'], 2, /^CONFIG_INVALID: arguments: serve takes flags alone, not here now\n/],
  [['serve', '--dialects', 'rekor-v2,rekor-v2'], 2, /--dialects: the same one twice/],
  [['serve', '--dialects', ''], 2, /--dialects: must be one of rekor-v2, rekor-v1, not/],
  [['serve', '--listen', '3000'], 2, /--listen: not HOST:PORT: 3000/],
  [['serve', '--listen', 'a:65536'], 2, /--listen: must be a whole number from 0 to 65535, not 65536/],
  [['serve', '--listen', '::1:80'], 2, /--listen: not HOST:PORT: ::1:80/],
  [['serve', '--url', 'log.example'], 2, /--url: not an http\(s\) URL: log.example/],
  [['serve', '--url', 'ftp://log.example'], 2, /--url: not an http\(s\) URL/],
  [['serve', '--url', 'https://log.example/path'], 2, /--url: scheme, host and port alone are taken/],
  [['serve', '--url', 'https://user@log.example'], 2, /--url: scheme, host and port alone are taken/],
  [['serve', '--url', 'https://log.example/?a'], 2, /--url: scheme, host and port alone are taken/],
  [['serve', '--hostname', 'Log.example'], 2, /--hostname: not a lowercase host name: Log.example/],
  [['serve', '--hostname', 'a+b'], 2, /--hostname: not a lowercase host name: a\+b/],
  [['serve', '--duplicates', 'maybe'], 2, /--duplicates: must be one of return, conflict, not maybe/],
  [['serve', '--interval', '0'], 2, /--interval: must be a whole number from 1 to 10000, not 0/],
  [['serve', '--interval', '07'], 2, /--interval: must be a whole number from 1 to 10000, not 07/],
  [['serve', '--interval', '1e2'], 2, /--interval: must be a whole number/],
  [['serve', '--attachment-limit', '-1'], 2, /CONFIG_INVALID: /],
  [['serve', '--log-level', 'loud'], 2, /--log-level: must be one of fatal, error, .* not loud/],
  [['fsck', 'all'], 2, /^CONFIG_INVALID: fsck takes flags alone/],
  [['fsck', ...NOWHERE], 3, /^STORE_MISSING: \/nowhere\/data\/log.db does not exist/],
  [['log'], 2, /^CONFIG_INVALID: log takes `create SLUG` or `list`/],
  [['log', 'lsit'], 2, /^CONFIG_INVALID: log takes `create SLUG` or `list`/],
  [['log', 'list', 'v2'], 2, /^CONFIG_INVALID: log takes/],
  [['log', 'create'], 2, /^CONFIG_INVALID: log takes/],
  [['log', 'create', 'v2', 'v3', '--origin', 'a'], 2, /^CONFIG_INVALID: log takes/],
  [['log', 'create', 'v2'], 2, /^CONFIG_INVALID: --origin: not a lowercase host name: /],
  [
    ['log', 'create', 'v2', '--origin', 'a', '--dialect', 'rekor-v9'],
    2,
    /--dialect: must be one of rekor-v2, rekor-v1, not rekor-v9/,
  ],
  [['log', 'list', ...NOWHERE], 3, /^STORE_MISSING: /],
  [['keygen'], 2, /^CONFIG_INVALID: keygen takes one path, and --origin or --algorithm/],
  [['keygen', 'a.pem'], 2, /^CONFIG_INVALID: keygen takes one path, and/],
  [['keygen', 'a.pem', 'b.pem', '--origin', 'a'], 2, /^CONFIG_INVALID: keygen takes one path, and/],
  [
    ['keygen', 'a.pem', '--origin', 'a', '--algorithm', 'ecdsa-p256'],
    2,
    /^CONFIG_INVALID: --algorithm: must be one of ed25519, ml-dsa-44, not ecdsa-p256/,
  ],
  [['keygen', 'a.pem', '--algorithm', 'ml-dsa-44'], 2, /--algorithm: must be one of ed25519, ecdsa-p256, not ml-dsa/],
  [
    ['keygen', 'a.pem', '--algorithm', 'rsa'],
    2,
    /^CONFIG_INVALID: --algorithm: must be one of ed25519, ecdsa-p256, not rsa/,
  ],
  [
    ['keygen', '/nowhere/a.pem', '--origin', 'a'],
    3,
    /^KEY_FILE_REFUSED: key file \/nowhere\/a.pem: cannot be created: ENOENT/,
  ],
  [['keygen', 'a.pem', '--origin', 'a b'], 3, /^VKEY_MALFORMED: /],
  [['keygen', 'a.pem', '--origin', 'a+b'], 3, /^VKEY_MALFORMED: /],
]

t.test('misuse', async (t) => {
  for (const [argv, code, warned] of MISUSED) {
    const outcome = await command(argv)
    t.equal(outcome.code, code, argv.join(' '))
    t.match(outcome.warned, warned)
    t.equal(outcome.printed, '', 'nothing on stdout')
    if (code === 2 && outcome.warned.startsWith('CONFIG_INVALID'))
      t.match(outcome.warned, new RegExp(`\\n\\ncolophon ${argv[0]} `), 'with the usage')
  }
})

t.test('every wrong flag is named at once', async (t) => {
  const argv = ['serve', '--listen', 'x', '--url', 'y', '--hostname', 'Z', '--duplicates', 'a', '--interval', 'b']
  const { code, warned } = await command([...argv, '--attachment-limit', 'c', '--log-level', 'd', 'e'])
  t.equal(code, 2)
  const named = warned
    .split('\n\n')[0]
    ?.split('\n')
    .map((line) => line.replace('CONFIG_INVALID: ', '').split(':')[0])
  t.same(named, [
    'arguments',
    '--listen',
    '--url',
    '--hostname',
    '--duplicates',
    '--interval',
    '--attachment-limit',
    '--log-level',
  ])
})

t.test('what the operating system refuses', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const dir = scratch(t)
  const serve = (data: string) =>
    command(['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--log-level', 'silent'])
  t.match(await serve(join(dir, 'data')), { code: 3, warned: /REMOVED again.*\nEADDRINUSE: .*address already in use/ })
  t.match(await serve('/dev/null/data'), { code: 3, warned: /^(ENOTDIR|EEXIST): / })
})
