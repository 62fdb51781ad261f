/** Models signed for nobody's log: `sign --unlogged`, `verify --unlogged`, and what neither takes. */

import { createPublicKey } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { formatPem } from '../../src/formats/pki/pem.ts'
import {
  AUTHORITY,
  CODE,
  certificateOf,
  email,
  ISSUES,
  type Made,
  SERVER,
  SIGNS,
} from '../verify-node/make-certificate.ts'
import { command, scratch } from './support.ts'

const VECTORS = fileURLToPath(new URL('../vectors/oms/', import.meta.url))
const folder = scratch(t)
const at = (name: string) => join(folder, name)
const write = (name: string, content: string | Uint8Array) => {
  writeFileSync(at(name), content, { mode: 0o600 })
  return at(name)
}
const pem = ({ der }: Made) => formatPem(der, 'CERTIFICATE')

const root = certificateOf({ subject: 'root', extensions: [AUTHORITY, ISSUES] })
const between = certificateOf({ subject: 'between', issuer: root, extensions: [AUTHORITY, ISSUES] })
const signer = certificateOf({ subject: 'p', issuer: between, extensions: [SIGNS, CODE, email('p@example.com')] })
const key = write('key.pem', signer.key.export({ type: 'pkcs8', format: 'pem' }))
const other = certificateOf({ subject: 'other', extensions: [SIGNS] })
write('other.pem', other.key.export({ type: 'pkcs8', format: 'pem' }))
for (const [name, made] of Object.entries({ root, between, signer, other })) write(`${name}.crt`, pem(made))
write('two.crt', pem(root) + pem(between))
write('server.crt', pem(certificateOf({ subject: 's', extensions: [SIGNS, SERVER] })))
const publicKey = readFileSync(join(VECTORS, 'keys/signing-key-pub.pem'), 'utf8')
write('oms.pub', publicKey.slice(publicKey.indexOf('-----BEGIN')))

function model(name: string): string {
  mkdirSync(at(`${name}/weights`), { recursive: true })
  for (const [path, text] of Object.entries({ 'config.json': '{}', 'weights/a': 'first', '.gitattributes': 'x' }))
    write(`${name}/${path}`, text)
  return at(name)
}

const byRoot = ['--certificate-identity', 'p@example.com', '--certificate-root', at('root.crt')]
const signed = (directory: string, ...flags: string[]) =>
  command(['sign', directory, '--unlogged', '--key', key, ...flags])
const verified = (directory: string, ...flags: string[]) => command(['verify', directory, '--unlogged', ...flags])

t.test('signed with a key, verified, changed', async (t) => {
  const directory = model('keyed')
  const done = await signed(directory, '--json')
  t.match(JSON.parse(done.printed), {
    signed: { kind: 'model', files: 2, ignored: ['.gitattributes'] },
    signer: { kind: 'key' },
    entries: [],
    notChecked: ['log'],
  })
  const spki = createPublicKey(signer.key).export({ type: 'spki', format: 'pem' })
  const by = ['--key', write('key.pub', String(spki))]
  const good = await verified(directory, ...by)
  t.match(good, { code: 0, printed: /^SIGNED, AND IN NO LOG: .*\n {2}root {5}[0-9a-f]{64}\n/ })
  t.match(good.printed, /\n {2}log {6}none\n[\s\S]*\nNot covered:\n {2}- That anybody else can see this signature/)
  const { printed } = await verified(directory, '--json', ...by)
  t.match(JSON.parse(printed), {
    outcome: 'signed',
    verdict: null,
    unlogged: { signer: { kind: 'key' }, notCovered: ['log', 'time', 'claims', 'key owner'] },
    directory: { covered: ['config.json', 'weights/a'], ignored: ['.gitattributes', 'model.sig'] },
    error: null,
  })
  t.match(await signed(directory), { code: 2, warned: /is there already, and is not overwritten/ })
  write('keyed/weights/a', 'First')
  t.match(await verified(directory, ...by), { code: 1, printed: /^NOT VERIFIED[\s\S]*mismatched "weights\/a"/ })
})

t.test('signed with a certificate', async (t) => {
  const directory = model('certified')
  const chain = ['--certificate', at('signer.crt'), '--certificate-chain', at('between.crt')]
  t.match(await signed(directory, ...chain), { code: 0, printed: /NOT checked: who vouches for the certificate/ })
  const good = await verified(directory, ...byRoot)
  t.match(good, { code: 0, printed: /by {7}"p@example.com", by the root that you named\n/ })
  t.match(
    (await verified(directory, '--json', ...byRoot)).printed,
    /"signer":{"kind":"certificate","name":"p@example.com"/,
  )
  const strangers = ['--certificate-identity', 'p@example.com', '--certificate-root', at('other.crt')]
  t.match(await verified(directory, ...strangers), { code: 1, printed: /CERTIFICATE_UNTRUSTED: nobody whose root/ })
  t.match(await verified(directory, '--key', at('oms.pub')), { code: 1, printed: /SIGNER_MISMATCH/ })
})

t.test('asked for, or not taken', async (t) => {
  const directory = join(VECTORS, 'v1.1.0-elliptic-key')
  const by = ['--key', at('oms.pub')]
  const trusted = join(VECTORS, '../sigstore-conformance/trusted_root.public-good.json')
  t.match(await command(['verify', directory, ...by, '--trusted-root', trusted]), {
    code: 1,
    printed: /^NOT VERIFIED: .*\n {2}LOG_NOT_TRUSTED: .* --unlogged\n/,
  })
  for (const [flags, why] of [
    [[], /say who must have signed/],
    [[...by, ...byRoot], /not together with a certificate/],
    [['--certificate-identity', 'p'], /needs --certificate-root/],
    [['--certificate-root', at('root.crt')], /needs --certificate-identity/],
    [['--certificate-identity', 'p', '--certificate-root', at('key.pem')], /--certificate-root: /],
    [[...by, '--trusted-root', trusted], /--trusted-root/],
    [[...by, '--policy', trusted], /--policy/],
    [[...by, '--log', 'http://127.0.0.1:1'], /--log/],
  ] as const)
    t.match(await verified(directory, ...flags), { code: 2, warned: why }, flags.join(' '))
  t.match(await command(['verify', `sha256:${'ab'.repeat(32)}`, '--unlogged', ...by]), {
    code: 2,
    warned: /is for a model/,
  })
  t.match(await verified(join(VECTORS, 'keys'), ...by), { code: 3, printed: /NOT_FOUND: nothing to verify it by/ })
})

t.test('what the reference implementation signed', async (t) => {
  const by = ['--key', at('oms.pub')]
  const named = ['--certificate-identity', 'intermediate-ca', '--certificate-root', join(VECTORS, 'keys/ca-cert.pem')]
  for (const [name, flags, code] of [
    ['v0.3.1-certificate', named, 0],
    ['v1.0.0-certificate', named, 0],
    ['v1.0.1-certificate', named, 1], // ignore-me is neither signed nor left out
    ['v1.1.0-certificate', named, 0],
    ['v1.0.1-elliptic-key', by, 1],
    ['v1.1.0-elliptic-key', by, 0],
  ] as const)
    t.match(await verified(join(VECTORS, name), ...flags), { code }, name)
  for (const version of ['v0.3.1', 'v1.0.0']) {
    const place = join(VECTORS, `${version}-elliptic-key`)
    const bundle = ['--bundle', join(place, 'model.sig'), ...by]
    t.match(await verified(join(place, 'signme-1'), ...bundle), { code: 0, printed: /files {4}1 as signed/ }, version)
    const changed = write('changed', 'another')
    t.match(await verified(changed, ...bundle), { code: 1, printed: /mismatched "\."/ })
    t.match(await verified(place, ...bundle), { code: 1, printed: /missing {2}"\."/ }, 'a file is no directory')
  }
  const many = ['--bundle', join(VECTORS, 'v1.1.0-elliptic-key/model.sig'), ...by]
  t.match(await verified(at('changed'), ...many), { code: 1, printed: /it is a statement about a directory/ })
})

t.test('wrong use of sign', async (t) => {
  const directory = model('refused')
  for (const [flags, why] of [
    [['--certificate-chain', at('between.crt')], /needs --certificate/],
    [['--certificate', at('other.crt')], /is of another key than --key/],
    [['--certificate', at('two.crt')], /is not one certificate/],
    [['--certificate', at('server.crt')], /it is not for signing code/],
    [['--certificate', at('key.pem')], /--certificate: /],
    [['--rekor-url', 'http://127.0.0.1:1'], /--rekor-url/],
    [['--ignore', 'absent'], /there is no "absent"/],
  ] as const)
    t.match(await signed(directory, ...flags), { code: 2, warned: why }, flags.join(' '))
  t.match(await signed(at('root.crt')), { code: 2, warned: /is for a DIR/ })
  t.match(await command(['sign', directory, '--unlogged']), { code: 2, warned: /--key: says who signs/ })
  rmSync(at('refused/weights'), { recursive: true })
  cpSync(at('refused'), at('linked'), { recursive: true })
  t.match(await signed(at('linked')), { code: 0 })
})
