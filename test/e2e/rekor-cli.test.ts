/** rekor-cli against our Rekor v1 API: every kind of key and entry, looking up, proofs, and another log's key. */

import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatTimestampRequest } from '../../src/formats/pki/timestamp-request.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { base64, parseHex, utf8 } from '../../src/kernel/bytes.ts'
import { Minisign, Ssh } from '../formats/detached.ts'
import { coseSign1 } from '../formats/make-cose.ts'
import { opensslAuthority } from '../formats/pki/openssl-tsa.ts'
import { digestOf, makeSigners, type Signer } from './rekor-v1/signers.ts'
import { localUrl } from './sigstore/publisher.ts'
import { client, type Finished, run, type Server, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const FLAGS = ['--dialects', 'rekor-v1,rekor-v2']
const program = await client('rekor-cli')
const folder = await scratch(t)
const server = await startServer(join(folder, 'one'), ...FLAGS)
const strict = await startServer(join(folder, 'strict'), ...FLAGS, '--duplicates', 'conflict')
t.teardown(() => Promise.all([server, strict].map((each) => each.kill())))

/** In the certificates of test/vectors/x509. */
const EMAIL = 'publisher@example.org'
const URI = 'https://github.com/example/model/.github/workflows/release.yml@refs/heads/main'

const at = (name: string) => join(folder, name)
const FILE = Buffer.from('a file\n')
const SHA = digestOf('sha256', FILE)
await writeFile(at('file'), FILE)

async function cli(argv: readonly string[], on: Server = server, env: Record<string, string> = {}): Promise<Finished> {
  const [command = '', ...flags] = argv
  const all = [command, '--rekor_server', localUrl(on), ...flags]
  return await run(program, all, { cwd: folder, env: { PATH: process.env.PATH ?? '', HOME: folder, ...env } })
}

/** @throws Error with what it said. */
async function must(argv: readonly string[], on?: Server): Promise<string> {
  const done = await cli(argv, on)
  if (done.code !== 0) throw new Error(`rekor-cli ${argv.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout
}

function uuidIn(text: string): string {
  return /\b[0-9a-f]{80}\b/.exec(text)?.[0] ?? ''
}

function indexIn(text: string): string {
  return /index (\d+)/.exec(text)?.[1] ?? ''
}

/** Uploads, and gets, verifies and finds what was uploaded. */
async function wholeWay(t: Test, name: string, proposal: readonly string[]): Promise<string> {
  const uploaded = await must(['upload', ...proposal])
  t.match(uploaded, /Created entry at index \d+, available at: .*\/api\/v1\/log\/entries\/[0-9a-f]{80}/, name)
  const uuid = uuidIn(uploaded)
  const byIndex = await must(['get', '--log-index', indexIn(uploaded)])
  t.match(byIndex, new RegExp(`UUID: ${uuid}`), `${name}: by index`)
  t.equal(await must(['get', '--uuid', uuid]), byIndex, `${name}: by its ID`)
  t.equal(await must(['get', '--uuid', uuid.slice(16)]), byIndex, `${name}: by its hash`)
  if (!proposal.includes('--entry'))
    // which it cannot verify
    t.match(await must(['verify', ...proposal]), /Inclusion Proof/, `${name}: proven`)
  t.match(await must(['upload', ...proposal]), new RegExp(uuid), `${name}: again, and not another`)
  return uuid
}

async function find(...flags: readonly string[]): Promise<string[]> {
  return (await must(['search', ...flags])).match(/[0-9a-f]{80}/g) ?? []
}

const signers = makeSigners()
const [first] = signers as [Signer, ...Signer[]]
await writeFile(at('first.pub'), first.pem)

/** Its flag for digests knows no sha384: such an entry is given whole. */
async function proposalOf(signer: Signer, key: string): Promise<string[]> {
  await writeFile(at('one.pub'), key)
  await writeFile(at('one.sig'), signer.signFile(FILE))
  const value = digestOf(signer.hash, FILE)
  const keys = ['--signature', 'one.sig', '--public-key', 'one.pub', '--pki-format', 'x509']
  if (signer.hash !== 'sha384')
    return ['--type', 'hashedrekord:0.0.1', '--artifact-hash', `${signer.hash}:${value}`, ...keys]
  const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64')
  const signature = { content: base64(await readFile(at('one.sig'))), publicKey: { content: base64(key) } }
  const spec = { data: { hash: { algorithm: signer.hash, value } }, signature }
  await writeFile(at('entry.json'), JSON.stringify({ apiVersion: '0.0.1', kind: 'hashedrekord', spec }))
  return ['--type', 'hashedrekord:0.0.1', '--entry', 'entry.json']
}

t.test('hashedrekord with keys of each kind, and by public key', async (t) => {
  for (const signer of signers) {
    const uuid = await wholeWay(t, signer.name, await proposalOf(signer, signer.pem))
    t.same(await find('--public-key', 'one.pub', '--pki-format', 'x509'), [uuid], `${signer.name}: found by its key`)
  }
  const count = (hash: string) => signers.filter((signer) => signer.hash === hash).length
  for (const hash of ['sha256', 'sha512'] as const)
    t.equal((await find('--sha', `${hash}:${digestOf(hash, FILE)}`)).length, count(hash), hash)
  t.equal((await find('--artifact', 'file')).length, count('sha256'), 'and by the file itself')
})

t.match(await must(['loginfo']), /Tree Size: +\d+/, 'and remembers it')

t.test('hashedrekord with certificates, and by whom they name', async (t) => {
  const uuids = new Map<string, string>()
  for (const signer of signers) {
    if (signer.certificate === null) continue
    const name = `a certificate of ${signer.name}`
    const uuid = await wholeWay(t, name, await proposalOf(signer, signer.certificate))
    t.ok((await find('--public-key', 'one.pub', '--pki-format', 'x509')).includes(uuid), `${name}: found by it`)
    uuids.set(signer.name, uuid)
  }
  const email = await find('--email', EMAIL)
  t.ok(email.includes(uuids.get('P-256') ?? ''), 'by email')
  t.same(await find('--email', EMAIL.toUpperCase()), email, 'in capitals')
  t.same(await find('--subject', URI), [uuids.get('P-384')], 'by URI')
  const both = ['--subject', URI, '--sha', `sha256:${SHA}`]
  t.ok((await find(...both)).length > 1, 'or')
  t.match(await cli(['search', ...both, '--operator', 'and']), { code: 1, stderr: /no matching entries found/ }, 'and')
})

async function writeEnvelope(by: readonly Signer[]): Promise<void> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'file', digest: { sha256: SHA } }],
    predicateType: 'https://example.com/build/v1',
    predicate: {},
  }
  const [payloadType, payload] = ['application/vnd.in-toto+json', JSON.stringify(statement)]
  const message = pae(payloadType, utf8(payload))
  const signatures = by.map((signer) => ({ sig: signer.signMessage(message).toString('base64') }))
  const envelope = { payloadType, payload: Buffer.from(payload).toString('base64'), signatures }
  await writeFile(at('envelope.json'), JSON.stringify(envelope))
}

t.test('dsse and intoto, and by the subject of the statement', async (t) => {
  for (const type of ['dsse:0.0.1', 'intoto:0.0.2', 'intoto:0.0.1']) {
    await writeEnvelope([first])
    const how = ['--type', type, '--artifact', 'envelope.json', '--public-key', 'first.pub', '--pki-format', 'x509']
    const uuid = await wholeWay(t, type, how)
    t.ok((await find('--sha', `sha256:${SHA}`)).includes(uuid), `${type}: by its subject`)
    t.ok((await find('--public-key', 'first.pub', '--pki-format', 'x509')).includes(uuid), `${type}: by its key`)
  }
  await writeEnvelope(signers.slice(0, 3))
  const keys = []
  for (const [i, { pem }] of signers.slice(0, 3).entries()) {
    await writeFile(at(`${i}.pub`), pem)
    keys.push('--public-key', `${i}.pub`)
  }
  await wholeWay(t, 'three signatures', ['--type', 'dsse:0.0.1', '--artifact', 'envelope.json', ...keys])
})

t.test('rekord, by the tools whose keys are taken', async (t) => {
  const x509 = signers.map((signer) => ['x509', signer.pem, signer.signMessage(FILE)] as const)
  const minisign = [true, false].map((isPrehashed) => {
    const { key, signature } = new Minisign(utf8('12345678')).sign(FILE, isPrehashed)
    return ['minisign', key, signature] as const
  })
  const ssh = (['ed25519', 'nistp256', 'nistp384', 'nistp521'] as const).map((type) => {
    const { key, signature } = new Ssh(type).sign(FILE)
    return ['ssh', key, signature] as const
  })
  for (const [format, key, signature] of [...x509, ...minisign, ...ssh]) {
    await writeFile(at('one.pub'), key)
    await writeFile(at('one.sig'), signature)
    const files = ['--artifact', 'file', '--signature', 'one.sig', '--public-key', 'one.pub']
    const uuid = await wholeWay(t, `rekord, ${format}`, ['--type', 'rekord:0.0.1', ...files, '--pki-format', format])
    t.ok((await find('--public-key', 'one.pub', '--pki-format', format)).includes(uuid), `${format}: by its key`)
    t.ok((await find('--artifact', 'file')).includes(uuid), `${format}: by the file`)
  }
  await writeFile(at('alpine.json'), JSON.stringify({ kind: 'alpine', apiVersion: '0.0.1', spec: {} }))
  const refused = await cli(['upload', '--entry', 'alpine.json'])
  t.match(refused, { code: 1, stderr: /entry kind 'alpine' is not enabled for submission on this server/ })
})

t.test('cose, with and without what is signed beside it', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(at('one.pub'), publicKey.export({ format: 'pem', type: 'spki' }))
  for (const [name, options, flags] of [
    ['alone', {}, []],
    ['with aad', { external: utf8('aad') }, ['--aad', base64(utf8('aad'))]],
  ] as const) {
    const { message } = coseSign1(privateKey, utf8(`a payload ${name}`), options)
    await writeFile(at('message.cbor'), message)
    const files = ['--artifact', 'message.cbor', '--public-key', 'one.pub', '--pki-format', 'x509', ...flags]
    const uuid = await wholeWay(t, `cose, ${name}`, ['--type', 'cose:0.0.1', ...files])
    t.ok((await find('--public-key', 'one.pub', '--pki-format', 'x509')).includes(uuid), `${name}: by its key`)
    t.same(await find('--artifact', 'message.cbor'), [uuid], `${name}: by the message`)
    const shown = JSON.parse(await must(['get', '--uuid', uuid, '--format', 'json']))
    t.match(shown.Attestation, `a payload ${name}`, `${name}: which is given back`)
  }
})

t.test('rfc3161', async (t) => {
  const request = formatTimestampRequest({ digest: parseHex(SHA), nonce: utf8('12345678') })
  await writeFile(at('stamp.tsr'), opensslAuthority(await scratch(t))(request))
  const uuid = await wholeWay(t, 'rfc3161', ['--type', 'rfc3161:0.0.1', '--artifact', 'stamp.tsr'])
  t.same(await find('--artifact', 'stamp.tsr'), [uuid], 'by the response')
})

t.test('what grew is consistent with what was', async (t) => {
  t.match(await must(['loginfo']), /Verification Successful!/)
  const info = JSON.parse(await must(['loginfo', '--format', 'json']))
  t.match(info, { TreeID: /^\d+$/, RootHash: /^[0-9a-f]{64}$/ })
  for (const tree of [[], ['--tree-id', info.TreeID]])
    t.match(await must(['logproof', '--first-size', '1', '--last-size', '9', ...tree]), /[0-9a-f]{64}/)
  t.match(await cli(['logproof', '--last-size', '1000000']), { code: 1, stderr: /400/ }, 'not of a size to come')
})

t.test('what is refused', async (t) => {
  const proposal = await proposalOf(first, first.pem)
  await writeFile(at('one.sig'), first.signFile(Buffer.from('another file')))
  t.match(await cli(['upload', ...proposal]), { code: 1, stderr: /invalid signature/ }, 'of something else')
  t.match(await cli(['get', '--uuid', 'ab'.repeat(32)]), { code: 1, stderr: /404/ }, 'what is not there')
  t.match(await cli(['get', '--log-index', '1000000']), { code: 1, stderr: /404/ })
  t.match(await cli(['search', '--sha', 'ab'.repeat(32)]), { code: 1, stderr: /no matching entries found/ })
  const fresh = await proposalOf(first, first.pem)
  t.match(await cli(['verify', ...fresh]), { code: 1, stderr: /cannot be located/ }, 'what was never logged')
})

t.test("another log's key", async (t) => {
  const key = await (await fetch(`${localUrl(strict)}/api/v1/log/publicKey`)).text()
  const other = { REKOR_REKOR_SERVER_PUBLIC_KEY: key, HOME: await scratch(t) }
  for (const argv of [['get', '--log-index', '0'], ['loginfo']])
    t.match(await cli(argv, server, other), { code: 1, stderr: /verif|signature/ }, argv.join(' '))
})

t.test('a repeated entry, where that is a conflict', async (t) => {
  const proposal = await proposalOf(first, first.pem)
  const uuid = uuidIn(await must(['upload', ...proposal], strict))
  const again = await must(['upload', ...proposal], strict)
  t.match(again, new RegExp(`Entry already exists; available at: .*/api/v1/log/entries/${uuid}`))
})
