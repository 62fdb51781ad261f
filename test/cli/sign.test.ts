import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { parseOmsStatement } from '../../src/formats/model/oms.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { fakeFulcio, tokenText } from '../client/fulcio.ts'
import { fakeService } from '../client/support.ts'
import { opensslAuthority } from '../formats/pki/openssl-tsa.ts'
import { ask, startServer, type TestServer } from '../http/support.ts'
import { command, type Outcome, scratch, testWorld } from './support.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const ENCRYPTED = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
  .toString()
const FINGERPRINT = createHash('sha256')
  .update(publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const TYPE = 'https://example.com/built'

interface Desk {
  readonly folder: string
  at(name: string): string
  write(name: string, content: string | Uint8Array, mode?: number): string
  /** The command, with the key and the server; what `more` says stands behind it. */
  sign(words: readonly string[], env?: Record<string, string>): Promise<Outcome>
}

async function openDesk(t: Test, server: Pick<TestServer, 'url' | 'port'>): Promise<Desk> {
  const folder = scratch(t)
  const at = (name: string) => join(folder, name)
  const write = (name: string, content: string | Uint8Array, mode = 0o644) => {
    writeFileSync(at(name), content)
    chmodSync(at(name), mode)
    return at(name)
  }
  write('file', 'content')
  write('key.pem', PEM, 0o600)
  write('root.json', (await ask(server, '/trust/trusted_root.json')).bytes)
  return { folder, at, write, sign: (words, env = {}) => command(['sign', ...words], env) }
}

const server = await startServer(t)
const keyed = (desk: Desk) => ['--key', desk.at('key.pem'), '--rekor-url', server.url]
const trusted = (desk: Desk) => [...keyed(desk), '--trusted-root', desk.at('root.json')]

t.test('a file: the bundle beside it, and what was done in words', async (t) => {
  const desk = await openDesk(t, server)
  const done = await desk.sign([desk.at('file'), ...trusted(desk)])
  t.equal(done.code, 0, done.warned)
  t.equal(
    done.printed.replaceAll(desk.folder, '').replace(/entry \d+/, 'entry N'),
    [
      'signed    /file',
      `sha256    ${sha256('content')}`,
      `by        the key ${FINGERPRINT} (SHA-256 of the public key; PKIX_ECDSA_P256_SHA_256)`,
      `logged    ${server.url}, entry N (hashedrekord 0.0.2)`,
      'bundle    /file.sigstore.json',
      'checked   as a verifier with this trusted root will; not covered: time, witnesses, key owner',
      '',
    ].join('\n'),
  )
  const bundle = parseSigstoreBundle(readFileSync(desk.at('file.sigstore.json')))
  t.match(bundle, { version: '0.3', material: { kind: 'key' }, content: { kind: 'message' }, entries: { length: 1 } })
})

t.test('a bundle is never overwritten; a repeat elsewhere is the same entry', async (t) => {
  const desk = await openDesk(t, server)
  const json = async (...more: string[]) => {
    const done = await desk.sign([desk.at('file'), ...trusted(desk), '--json', ...more])
    t.equal(done.code, 0, done.warned)
    return JSON.parse(done.printed)
  }
  const first = await json()
  const before = readFileSync(desk.at('file.sigstore.json'))
  const again = await desk.sign([desk.at('file'), ...trusted(desk)])
  t.match(again, { code: 2, warned: /is there already, and is not overwritten/ })
  t.same(readFileSync(desk.at('file.sigstore.json')), before)
  const second = await json('--bundle', desk.at('other.json'))
  t.same(second.entries, first.entries)
  t.match(second, {
    bundle: desk.at('other.json'),
    signed: { kind: 'file', path: desk.at('file'), sha256: sha256('content') },
    signer: { kind: 'key', algorithm: 'PKIX_ECDSA_P256_SHA_256', fingerprint: FINGERPRINT },
    entries: [{ url: server.url, kind: 'hashedrekord 0.0.2' }],
    timestamps: 0,
    checked: 'trusted root',
    notChecked: [],
    verdict: { signed: { kind: 'file' } },
  })
})

t.test('without a trusted root it says what was not checked', async (t) => {
  const desk = await openDesk(t, server)
  const done = await desk.sign([desk.at('file'), ...keyed(desk)])
  t.match(done, { code: 0, printed: /NOT checked, as no trusted root was named: the log's signature\n$/ })
})

t.test('a statement holds the predicate as it was written', async (t) => {
  const desk = await openDesk(t, server)
  const words = [desk.at('file'), ...trusted(desk), '--type', TYPE]
  const predicate = '{ "n": 1.0, "s": "é" }'
  const done = await desk.sign([...words, '--statement', desk.write('predicate.json', `${predicate}\n`)])
  t.equal(done.code, 0, done.warned)
  const { content } = parseSigstoreBundle(readFileSync(desk.at('file.sigstore.json')))
  if (content.kind !== 'envelope') throw new Error('an envelope')
  t.equal(
    Buffer.from(content.payload).toString(),
    `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"file","digest":{"sha256":"${sha256('content')}"}}],` +
      `"predicateType":"${TYPE}","predicate":${predicate}}`,
  )
  for (const [name, text] of [
    ['a list', '[]'],
    ['no JSON', '{'],
    ['a key twice', '{"a":1,"a":2}'],
  ] as const) {
    const bad = ['--statement', desk.write('bad.json', text), '--bundle', desk.at('bad')]
    t.match(await desk.sign([...words, ...bad]), { code: 2, warned: /--statement/ }, name)
  }
})

t.test('a statement that is there already is signed byte for byte', async (t) => {
  const desk = await openDesk(t, server)
  const statement = (digest: object) =>
    `{ "_type": "https://in-toto.io/Statement/v1", "predicateType": "${TYPE}",\n "subject": [{ "digest": ${JSON.stringify(digest)} }] }\n`
  const good = statement({ sha256: sha256('content') })
  const done = await desk.sign([desk.write('statement.json', good), ...trusted(desk), '--in-toto'])
  t.equal(done.code, 0, done.warned)
  const { content } = parseSigstoreBundle(readFileSync(desk.at('statement.json.sigstore.json')))
  t.equal(content.kind === 'envelope' && Buffer.from(content.payload).toString(), good)
  for (const [name, text] of [
    ['no statement', '{}'],
    ['a subject without SHA-256', statement({ sha512: 'ab' })],
  ] as const)
    t.match(
      await desk.sign([desk.write(name, text), ...trusted(desk), '--in-toto']),
      { code: 2, warned: /--in-toto/ },
      name,
    )
  t.match(await desk.sign([desk.folder, ...trusted(desk), '--in-toto']), {
    code: 2,
    warned: /--in-toto: is for a FILE/,
  })
})

t.test('a directory is a model', async (t) => {
  const desk = await openDesk(t, server)
  mkdirSync(desk.at('model/sub'), { recursive: true })
  for (const name of ['config.json', 'sub/weights', 'notes', '.gitignore']) desk.write(`model/${name}`, name)
  const done = await desk.sign([`${desk.at('model')}/`, ...trusted(desk), '--ignore', 'notes'])
  t.match(done, { code: 0, printed: /a model of 2 files[\s\S]*left out {2}\.gitignore, notes/ }, done.warned)
  const { content, material } = parseSigstoreBundle(readFileSync(desk.at('model/model.sig')))
  if (content.kind !== 'envelope') throw new Error('an envelope')
  const manifest = parseOmsStatement(content.payload)
  t.match(manifest, { model: 'model', allowSymlinks: false })
  t.same(
    manifest.resources.map(({ name }) => name),
    ['config.json', 'sub/weights'],
  )
  t.same(manifest.ignorePaths, ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig', 'notes'])
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  t.same(material, { kind: 'key', hint: sha256(pem.toString()) }, "OpenSSF Model Signing's hint")
  rmSync(desk.at('model/model.sig'))
  t.match(await desk.sign([desk.at('model'), ...trusted(desk), '--ignore', 'absent']), {
    code: 2,
    warned: /there is no "absent"/,
  })
  mkdirSync(desk.at('empty'))
  t.match(await desk.sign([desk.at('empty'), ...trusted(desk)]), { code: 3, warned: /MODEL_REFUSED.*no file/ })
})

t.test('keys: from a variable, with a passphrase, or not at all', async (t) => {
  const desk = await openDesk(t, server)
  const encrypted = desk.write('encrypted.pem', ENCRYPTED)
  const cosignKey = new URL('../vectors/cosign-keys/with-password.key', import.meta.url).pathname
  let nth = 0
  const by = (key: string, env: Record<string, string> = {}) =>
    desk.sign([desk.at('file'), '--key', key, '--rekor-url', server.url, '--bundle', desk.at(`b${nth++}`)], env)
  t.match(await by('env:KEY', { KEY: PEM }), { code: 0 })
  t.match(await by(encrypted, { COLOPHON_KEY_PASSPHRASE: 'open sesame' }), { code: 0 })
  t.match(await by(cosignKey, { COSIGN_PASSWORD: 'open sesame' }), { code: 0 })
  t.match(await by(cosignKey, { COLOPHON_KEY_PASSPHRASE: 'open sesame' }), { code: 0 })
  const refusals: readonly (readonly [string, Promise<Outcome>, object])[] = [
    ['no passphrase', by(encrypted), { code: 3, warned: /KEY_FILE_REFUSED: .*COLOPHON_KEY_PASSPHRASE/ }],
    ['not COSIGN_PASSWORD for PKCS #8', by(encrypted, { COSIGN_PASSWORD: 'open sesame' }), { code: 3 }],
    [
      'another passphrase',
      by(encrypted, { COLOPHON_KEY_PASSPHRASE: 'shut' }),
      { code: 3, warned: /passphrase is another/ },
    ],
    ['an open file', by(desk.write('open.pem', PEM)), { code: 3, warned: /mode 644\): run chmod 600/ }],
    ['no variable', by('env:KEY'), { code: 2, warned: /the variable KEY is not set/ }],
    ['no file', by(desk.at('absent')), { code: 2, warned: /ENOENT/ }],
  ]
  for (const [name, done, expected] of refusals) t.match(await done, expected, name)
  t.same(
    readdirSync(desk.folder).filter((name) => /^b\d/.test(name)),
    ['b0', 'b1', 'b2', 'b3'],
  )
})

t.test('a passphrase is asked for at a terminal', async (t) => {
  const desk = await openDesk(t, server)
  const asked: string[] = []
  const askSecret = async (question: string) => {
    asked.push(question)
    return 'open sesame'
  }
  const world = { ...testWorld(), askSecret }
  const argv = ['sign', desk.at('file'), '--key', desk.write('encrypted.pem', ENCRYPTED), '--rekor-url', server.url]
  t.equal(await run(argv, world), 0)
  t.same(asked, ['Passphrase of the key: '])
  const giving = testWorld()
  const up = { ...giving, askSecret: () => Promise.reject(new Error('Ctrl+C')) }
  t.equal(await run([...argv, '--bundle', desk.at('other')], up), 3)
  t.match(giving.warned(), /no passphrase was typed/)
})

t.test('everything that is wrong at once', async (t) => {
  const desk = await openDesk(t, server)
  const { code, warned } = await desk.sign([
    ...[
      desk.at('absent'),
      '--key',
      'k',
      '--identity-token',
      't',
      '--type',
      'x',
      '--ignore',
      'y',
      '--rekor-url',
      'ftp://x',
    ],
    ...['--rekor-version', '3', '--policy', 'p', '--nonsense', '1'],
  ])
  t.equal(code, 2)
  for (const problem of [
    /there is no .*absent/,
    /--key: not together with --identity-token/,
    /--statement: and --type go together/,
    /--ignore: is for a DIR/,
    /--rekor-url: not an http/,
    /--rekor-version: must be one of 1, 2/,
    /--policy: needs --trusted-root/,
    /--nonsense: there is no such flag/,
  ])
    t.match(warned, problem)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /sign takes one FILE or DIR[\s\S]*--key: or --identity-token[\s\S]*--rekor-url: or --signing-config/],
    [[desk.folder, ...keyed(desk), '--statement', 'p', '--type', TYPE], /--statement: is for a FILE/],
    [[desk.at('file'), ...keyed(desk), '--statement', 'p', '--type', 'no uri'], /--type: must be a URI/],
    [[desk.at('file'), ...keyed(desk), '--signing-config', desk.at('root.json')], /--rekor-url: not together with/],
    [[desk.at('file'), ...keyed(desk), '--bundle', desk.at('no/where')], /nothing can be written to/],
    [[desk.at('file'), '--identity-token', 'env:T', '--rekor-url', server.url], /--identity-token: needs --fulcio-url/],
    [['/dev/null', ...keyed(desk)], /neither a file nor a directory/],
  ]
  for (const [words, message] of cases) t.match(await desk.sign(words), { code: 2, warned: message })
})

t.test('a signing config chooses; another log’s root refuses', async (t) => {
  const desk = await openDesk(t, server)
  const config = desk.write('config.json', (await ask(server, '/trust/signing_config.json')).bytes)
  const words = [desk.at('file'), '--key', desk.at('key.pem'), '--signing-config', config]
  t.match(await desk.sign([...words, '--trusted-root', desk.at('root.json')]), {
    code: 0,
    printed: /checked +as a verifier/,
  })
  const other = await startServer(t)
  const root = desk.write('other.json', (await ask(other, '/trust/trusted_root.json')).bytes)
  const refused = await desk.sign([...words, '--trusted-root', root, '--bundle', desk.at('refused')])
  t.match(refused, { code: 1, warned: /^LOG_NOT_TRUSTED: [\s\S]*No bundle was written/ })
  t.notOk(existsSync(desk.at('refused')))
})

t.test('an identity: cut off, gone on, and then nothing is left', async (t) => {
  const desk = await openDesk(t, server)
  const authority = await fakeFulcio(t, t.testdir())
  const token = tokenText()
  const down = await fakeService(t, () => ({ status: 400, body: 'down for a while' }))
  const tsa = opensslAuthority(scratch(t))
  const authorityUrl = await fakeService(t, ({ body }) => ({ status: 200, body: tsa(body) }))
  const words = (log: string) => [
    ...[desk.at('file'), '--identity-token', desk.write('token', `${token}\n`), '--fulcio-url', authority.url],
    ...['--rekor-url', log, '--tsa-url', authorityUrl.url],
  ]
  const failed = await desk.sign(words(down.url))
  t.match(failed, { code: 1, warned: /down for a while[\s\S]*file\.sigstore\.json\.pending keeps the signature/ })
  const kept = readFileSync(desk.at('file.sigstore.json.pending'), 'utf8')
  t.notOk(kept.includes(token))
  const done = await desk.sign(words(server.url))
  t.match(done, { code: 0, printed: /by +me@example\.com, for whom https:\/\/issuer\.example vouches/ }, done.warned)
  t.match(done.printed, /NOT checked.*the log's signature, the certificate, the timestamps/)
  t.equal(authority.asked.length, 1)
  t.notOk(existsSync(desk.at('file.sigstore.json.pending')))
  const { certificate } = JSON.parse(readFileSync(desk.at('file.sigstore.json'), 'utf8')).verificationMaterial
  t.same(certificate, JSON.parse(kept).verificationMaterial.certificate, 'the certificate of the first attempt')
  for (const outcome of [failed, done]) t.notOk(`${outcome.printed}${outcome.warned}`.includes(token))
})

t.test('tokens that would not do', async (t) => {
  const desk = await openDesk(t, server)
  const by = (token: string) =>
    desk.sign(
      [desk.at('file'), '--identity-token', 'env:T', '--fulcio-url', 'http://localhost', '--rekor-url', server.url],
      { T: token },
    )
  t.match(await by(tokenText({ aud: 'another' })), { code: 2, warned: /its audience is not sigstore/ })
  t.match(await by(tokenText({ exp: 1_000_000_000 })), { code: 2, warned: /it has expired/ })
  t.match(await by('sEcReT'), { code: 2, warned: /--identity-token: the identity token: not a JSON web token/ })
  t.notOk((await by('sEcReT')).warned.includes('sEcReT'))
})

t.test('a log that asks for a token', async (t) => {
  const tokens = join(scratch(t), 'tokens')
  const { printed } = await command(['token', 'create', 'me', '--tokens', tokens])
  const closed = await startServer(t, ['--write-tokens', tokens])
  const desk = await openDesk(t, closed)
  const words = [desk.at('file'), '--key', desk.at('key.pem'), '--rekor-url', closed.url]
  t.match(await desk.sign(words), { code: 1, warned: /SERVICE_REFUSED: .*401/ })
  t.match(await desk.sign([...words, '--write-token', 'env:W'], { W: printed.trim() }), { code: 0 })
  const elsewhere = [
    desk.at('file'),
    '--key',
    desk.at('key.pem'),
    '--rekor-url',
    'http://log.example',
    '--bundle',
    desk.at('x'),
  ]
  t.match(await desk.sign([...elsewhere, '--write-token', 'env:W'], { W: 'w' }), { code: 2, warned: /over https/ })
})
