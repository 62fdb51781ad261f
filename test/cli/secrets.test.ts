/** Keys at rest, and that no command and no server ever writes one anywhere else. */

import { createPrivateKey, createPublicKey } from 'node:crypto'
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import t from 'tap'
import { importMlDsaKey } from '#crypto'
import { createVkey, formatVkey, KEY_TYPE, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { importPrivateKey } from '../../src/sign/private-key.ts'
import { freePort, ROOT, run } from '../e2e/support.ts'
import { ecKey, hashedRekordBody } from '../http/requests.ts'
import { ask, postEntry, startServer } from '../http/support.ts'
import { command, scratch } from './support.ts'

const PASSPHRASE = 'correct horse battery staple'
const ENV = { COLOPHON_KEY_PASSPHRASE: PASSPHRASE }

t.test('keygen', async (t) => {
  const dir = scratch(t)
  const [plain, locked] = [join(dir, 'plain.pem'), join(dir, 'locked.pem')]
  const made = await command(['keygen', plain, '--origin', 'log.example'])
  t.match(made, { code: 0, warned: '' })
  t.equal(statSync(plain).mode & 0o777, 0o600)
  const pem = readFileSync(plain, 'utf8')
  t.match(pem, /^-----BEGIN PRIVATE KEY-----\n/)
  const key = createPrivateKey(pem)
  t.equal(key.asymmetricKeyType, 'ed25519')
  const vkey = parseVkey(made.printed.trim())
  t.equal(vkey.name, 'log.example')
  t.equal(
    Buffer.from(vkey.publicKey).toString('base64url'),
    key.export({ format: 'jwk' }).x,
    'the verifier key is the key’s',
  )

  const over = await command(['keygen', plain, '--origin', 'log.example'])
  t.match(over, {
    code: 3,
    printed: '',
    warned: `KEY_FILE_REFUSED: key file ${plain}: exists already; keys are never overwritten`,
  })
  t.equal(readFileSync(plain, 'utf8'), pem, 'never overwritten')

  t.match(await command(['keygen', locked, '--origin', 'log.example'], ENV), { code: 0, warned: '' })
  const encrypted = readFileSync(locked, 'utf8')
  t.match(encrypted, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
  t.throws(() => createPrivateKey({ key: encrypted, passphrase: 'another' }))
  t.equal(createPrivateKey({ key: encrypted, passphrase: PASSPHRASE }).asymmetricKeyType, 'ed25519')

  const mlDsa = join(dir, 'mldsa.pem')
  const second = await command(['keygen', mlDsa, '--origin', 'log.example', '--algorithm', 'ml-dsa-44'], ENV)
  t.match(second, { code: 0, warned: '' })
  const { mlDsa44PublicKey } = importMlDsaKey(readFileSync(mlDsa, 'utf8'), PASSPHRASE)
  t.equal(second.printed, `${formatVkey(createVkey('log.example', KEY_TYPE.mlDsa44, mlDsa44PublicKey))}\n`)

  const refused = join(dir, 'refused.pem')
  t.match(await command(['keygen', refused, '--origin', 'no good']), { code: 3 })
  t.notOk(readdirSync(dir).includes('refused.pem'), 'a bad origin leaves no file')
})

t.test('keygen, of a publisher', async (t) => {
  const dir = scratch(t)
  for (const [algorithm, type] of [
    ['ecdsa-p256', 'ec'],
    ['ed25519', 'ed25519'],
  ] as const)
    for (const env of [{}, ENV]) {
      const path = join(dir, `${algorithm}${Object.keys(env).length}.pem`)
      const made = await command(['keygen', path, '--algorithm', algorithm], env)
      t.match(made, { code: 0, warned: '' })
      t.equal(statSync(path).mode & 0o777, 0o600)
      const key = createPrivateKey({ key: readFileSync(path, 'utf8'), passphrase: PASSPHRASE })
      t.equal(key.asymmetricKeyType, type)
      t.equal(made.printed, createPublicKey(key).export({ format: 'pem', type: 'spki' }), 'its public key')
      t.equal(/ENCRYPTED/.test(readFileSync(path, 'utf8')), env === ENV)
      t.match(await command(['keygen', path, '--algorithm', algorithm], env), { code: 3, printed: '' }, 'never again')
      const signer = importPrivateKey(readFileSync(path, 'utf8'), env === ENV ? PASSPHRASE : null)
      t.same(signer.publicKey.der, createPublicKey(key).export({ format: 'der', type: 'spki' }), 'sign takes it')
    }
})

/** Every spelling in which the key of a PEM file, or a passphrase, could turn up. */
function spellings(pem: string): string[] {
  const key = createPrivateKey({ key: pem, passphrase: PASSPHRASE })
  const { d, priv = d } = key.export({ format: 'jwk' }) as { readonly d?: string; readonly priv?: string }
  const secret = Buffer.from(priv ?? '', 'base64url')
  const der = key.export({ type: 'pkcs8', format: 'der' })
  const text = [secret, der].flatMap((bytes) =>
    (['hex', 'base64', 'base64url', 'latin1'] as const).map((as) => bytes.toString(as)),
  )
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  return [
    ...text,
    ...text.map((each) => each.replace(/=+$/, '')),
    ...lines,
    JSON.stringify([...secret]).slice(1, -1),
    PASSPHRASE,
    Buffer.from(PASSPHRASE).toString('base64'),
  ]
}

t.test('a server with an encrypted key, every answer and its log', async (t) => {
  const data = join(scratch(t), 'data')
  const listen = `127.0.0.1:${await freePort()}`
  const asking = Promise.withResolvers<void>()
  const server = (env: Record<string, string>) =>
    run(
      'env',
      [
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        execPath,
        join(ROOT, 'src/main.ts'),
        'serve',
        '--listen',
        listen,
        '--data',
        data,
        '--log-level',
        'trace',
      ],
      { until: asking.promise },
    )

  const running = server(ENV)
  const port = Number(listen.split(':')[1])
  for (let tries = 0; tries < 2000; tries++) {
    const ready = await ask({ port }, '/readyz').catch(() => null)
    if (ready?.status === 200) break
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  const asked = [
    await postEntry({ port }, hashedRekordBody(ecKey())),
    await postEntry({ port }, '{'),
    ...(await Promise.all(
      [
        '/checkpoint',
        '/tile/entries/000.p/1',
        '/metrics',
        '/trust/trusted_root.json',
        '/logs/v2/checkpoint',
        '/%zz',
        '/keys/v2.pem',
        '/logs/..%2fkeys/v2.pem',
        '/tile/../keys/v2.pem',
        '/lock',
      ].map((path) => ask({ port }, path)),
    )),
  ]
  t.match(
    asked.map((answer) => answer.status),
    [201, 400, 200, 200, 200, 200, 200, 400, 404, 400, 400, 404],
  )
  const names = ['v2', 'v1', 'v1.ecdsa', 'v1.ml-dsa-44', 'v2.ml-dsa-44']
  const pems = names.map((name) => readFileSync(join(data, 'keys', `${name}.pem`), 'utf8'))
  for (const pem of pems) t.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
  asking.resolve()
  const { stdout, stderr } = await running
  t.match(stdout, /"msg":"log ready"/, 'the log was verbose')
  const wrong = [
    await command(['serve', '--data', data]),
    await command(['serve', '--data', data], { COLOPHON_KEY_PASSPHRASE: 'wrong horse' }),
    await command(['log', 'list', '--data', data, '--json'], ENV),
    await command(['fsck', '--data', data, '--json'], ENV),
  ]
  t.match(
    wrong.map((outcome) => outcome.code),
    [3, 3, 0, 0],
  )
  t.match(wrong[0]?.warned, /KEY_FILE_REFUSED: key file .*v1.pem: is encrypted: give its passphrase/)
  t.match(wrong[1]?.warned, /KEY_FILE_REFUSED: key file .*v1.pem: /)
  const everything = [
    stdout,
    stderr,
    ...asked.map((answer) => `${JSON.stringify(answer.headers)}${answer.bytes.toString('latin1')}`),
    ...wrong.map((outcome) => outcome.printed + outcome.warned),
  ].join('\n')
  t.same(
    [...pems.flatMap(spellings), 'wrong horse'].filter((secret) => everything.includes(secret)),
    [],
    `not in ${everything.length} characters`,
  )
})

t.test('key files that are not taken', async (t) => {
  const data = join(scratch(t), 'data')
  await command(['log', 'create', 'v2', '--origin', 'a', '--data', data])
  const path = join(data, 'keys', 'v2.pem')
  const [good, other] = [readFileSync(path), join(data, 'other.pem')]
  const ec = ecKey().secret.export({ type: 'pkcs8', format: 'pem' }) as string
  const serve = (env = {}) => command(['serve', '--listen', '127.0.0.1:0', '--data', data], env)
  const refusals: [name: string, bytes: string | Buffer, mode: number, env: object, warned: RegExp][] = [
    ['readable by the group', good, 0o640, {}, /is open to others \(mode 640\): run chmod 600 on it/],
    ['readable by all', good, 0o604, {}, /is open to others \(mode 604\)/],
    ['empty', '', 0o600, {}, /is not PKCS#8 PEM/],
    ['of another form', ec.replaceAll('PRIVATE', 'EC PRIVATE'), 0o600, {}, /is not PKCS#8 PEM/],
    ['not Ed25519', ec, 0o600, {}, /KEY_FILE_REFUSED: key file .*v2.pem: /],
    ['cut short', good.subarray(0, 60), 0o600, {}, /KEY_FILE_REFUSED: key file .*v2.pem: /],
    ['of 20,000 bytes', Buffer.alloc(20_000, good), 0o600, {}, /is not a key file/],
    ['not encrypted, though there is a passphrase', good, 0o600, ENV, /is not encrypted, yet a passphrase was given/],
  ]
  for (const [name, bytes, mode, env, warned] of refusals) {
    writeFileSync(path, bytes)
    chmodSync(path, mode)
    const outcome = await serve(env)
    t.equal(outcome.code, 3, name)
    t.match(outcome.warned, /KEY_FILE_REFUSED: key file /)
    t.match(outcome.warned, warned, name)
  }
  writeFileSync(path, good)
  chmodSync(path, 0o600)
  await command(['keygen', other, '--origin', 'a'])
  copyFileSync(other, path)
  t.match(await serve(), {
    code: 3,
    warned: /IDENTITY_CHANGED: log v2 was created with the key a\+.*, but its key file holds a\+/,
  })
  writeFileSync(path, good)
  const server = await startServer(t, [], data)
  t.equal((await ask(server, '/readyz')).status, 200, 'and the right one is')
})
