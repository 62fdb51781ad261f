/** Signers and verifiers on Rekor v1: cosign 3 and 2, sigstore-js by default. */

import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { localUrl } from './sigstore/publisher.ts'
import { client, run, scratch, startServer } from './support.ts'

t.setTimeout(30 * 60_000)

const BOTH = ['--dialects', 'rekor-v1,rekor-v2']
const data = await scratch(t)
const server = await startServer(join(data, 'one'), ...BOTH)
const other = await startServer(join(data, 'other'), ...BOTH)
t.teardown(() => Promise.all([server, other].map((each) => each.kill())))
const url = localUrl(server)

async function fetched(from: string, path: string): Promise<string> {
  const answer = await fetch(`${from}${path}`)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return await answer.text()
}

/** A folder with a file to sign and the server's trust files. */
async function desk(t: Test): Promise<{ at: (name: string) => string; folder: string }> {
  const folder = await scratch(t)
  const at = (name: string) => join(folder, name)
  await writeFile(at('file'), 'a file\n')
  await writeFile(at('changed'), 'another file\n')
  await writeFile(at('predicate.json'), '{"builder":"the same hands"}')
  for (const name of ['trusted_root.json', 'signing_config.v1.json'])
    await writeFile(at(name), await fetched(url, `/trust/${name}`))
  await writeFile(at('other_root.json'), await fetched(localUrl(other), '/trust/trusted_root.json'))
  return { at, folder }
}

t.test('cosign, by URL and by our signing config', async (t) => {
  const program = await client('cosign')
  const { at, folder } = await desk(t)
  const env = { PATH: process.env.PATH ?? '', HOME: folder, COSIGN_PASSWORD: '' }
  const cosign = (...argv: readonly string[]) => run(program, argv, { cwd: folder, env })
  const must = async (...argv: readonly string[]) => t.match(await cosign(...argv), { code: 0 }, argv.join(' '))
  await must('generate-key-pair')
  await must('generate-key-pair', '--output-key-prefix', 'stranger')
  const config = ['--signing-config', 'signing_config.v1.json', '--trusted-root', 'trusted_root.json']
  const key = ['--yes', '--key', 'cosign.key']
  const custom = ['--type', 'custom']
  await must('sign-blob', ...key, '--use-signing-config=false', '--rekor-url', url, '--bundle', 'by-url.json', 'file')
  await must('sign-blob', ...key, ...config, '--bundle', 'by-config.json', 'file')
  await must(
    'attest-blob',
    ...key,
    '--predicate',
    'predicate.json',
    ...custom,
    ...config,
    '--bundle',
    'stated.json',
    'file',
  )
  for (const [bundle, kind, verify] of [
    ['by-url.json', 'hashedrekord', ['verify-blob']],
    ['by-config.json', 'hashedrekord', ['verify-blob']],
    ['stated.json', 'dsse', ['verify-blob-attestation', ...custom]],
  ] as const) {
    const { tlogEntries } = JSON.parse(await readFile(at(bundle), 'utf8')).verificationMaterial
    t.match(tlogEntries, [{ kindVersion: { kind, version: '0.0.1' }, inclusionPromise: {} }], bundle)
    const outcome = async (key: string, root: string, file: string) =>
      (await cosign(...verify, '--key', key, '--bundle', bundle, '--trusted-root', root, file)).code
    t.equal(await outcome('cosign.pub', 'trusted_root.json', 'file'), 0, bundle)
    t.equal(await outcome('cosign.pub', 'trusted_root.json', 'changed'), 1, 'another file')
    t.equal(await outcome('stranger.pub', 'trusted_root.json', 'file'), 1, 'another key')
    t.equal(await outcome('cosign.pub', 'other_root.json', 'file'), 1, "another log's root")
  }
})

t.test('cosign 2: its own bundles, ours, and looking up', async (t) => {
  const program = await client('cosign-v2')
  const { at, folder } = await desk(t)
  await writeFile(at('v1.pem'), await fetched(url, '/trust/v1.pem'))
  await writeFile(at('other.pem'), await fetched(localUrl(other), '/trust/v1.pem'))
  const env = { PATH: process.env.PATH ?? '', HOME: folder, COSIGN_PASSWORD: '' }
  const cosign = (argv: readonly string[], logKey = 'v1.pem') =>
    run(program, argv, { cwd: folder, env: { ...env, SIGSTORE_REKOR_PUBLIC_KEY: logKey } })
  const must = async (...argv: readonly string[]) => t.match(await cosign(argv), { code: 0 }, argv.join(' '))
  await must('generate-key-pair')
  await must('generate-key-pair', '--output-key-prefix', 'stranger')
  const key = ['--yes', '--key', 'cosign.key', '--rekor-url', url]
  const [bundled, custom] = [['--new-bundle-format'], ['--type', 'custom']]
  await must('sign-blob', ...key, '--bundle', 'old.json', '--output-signature', 'file.sig', 'file')
  await must('sign-blob', ...key, ...bundled, '--bundle', 'new.json', 'file')
  await must(
    'attest-blob',
    ...key,
    '--predicate',
    'predicate.json',
    ...custom,
    ...bundled,
    '--bundle',
    'stated.json',
    'file',
  )
  const trusting = (root: string) => [...bundled, '--trusted-root', root]
  for (const [how, argv, otherLog] of [
    ['its own bundle', ['verify-blob', '--bundle', 'old.json'], null],
    ['by looking up', ['verify-blob', '--signature', 'file.sig', '--rekor-url', url], null],
    ['a new bundle', ['verify-blob', '--bundle', 'new.json'], trusting('other_root.json')],
    ['a statement', ['verify-blob-attestation', ...custom, '--bundle', 'stated.json'], trusting('other_root.json')],
  ] as const) {
    const own = otherLog === null ? [] : trusting('trusted_root.json')
    const outcome = async (key: string, file: string, trust: readonly string[], logKey?: string) =>
      (await cosign([...argv, '--key', key, ...trust, file], logKey)).code
    t.equal(await outcome('cosign.pub', 'file', own), 0, how)
    t.equal(await outcome('cosign.pub', 'changed', own), 1, `${how}: another file`)
    t.equal(await outcome('stranger.pub', 'file', own), 1, `${how}: another key`)
    t.equal(await outcome('cosign.pub', 'file', otherLog ?? [], 'other.pem'), 1, `${how}: another log`)
  }
})

t.test('sigstore-js by default, with each kind of entry', async (t) => {
  const packages = await client('sigstore-js')
  const { at, folder } = await desk(t)
  await symlink(join(packages, 'node_modules'), at('node_modules'))
  await writeFile(at('sign.mjs'), PROGRAM)
  const strict = await startServer(join(data, 'strict'), ...BOTH, '--duplicates', 'conflict')
  t.teardown(() => strict.kill())
  const done = await run(process.execPath, ['sign.mjs', url, localUrl(strict)], { cwd: folder, env: { HOME: folder } })
  t.match(done, { code: 0, stdout: 'hashedrekord 0.0.1\ndsse 0.0.1\nintoto 0.0.2\nfetched on conflict\n' }, done.stderr)
})

/** The library's own signers and verifier; verification fails for another file, another key and another log. */
const PROGRAM = `
import assert from 'node:assert'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'

const [url, strict] = process.argv.slice(2)
const read = (name) => TrustedRoot.fromJSON(JSON.parse(readFileSync(name)))
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { privateKey, publicKey } = pair()
const key = { $case: 'publicKey', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }
const signer = { sign: async (data) => ({ key, signature: sign('sha256', data, privateKey) }) }
const trust = (root, publicKey) => new Verifier(toTrustMaterial(read(root), () => ({ publicKey, validFor: () => true })))
const data = readFileSync('file')
const statement = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType: 'a' }))

async function judge(bundle, artifact) {
  const [entry] = bundle.verificationMaterial.tlogEntries
  trust('trusted_root.json', publicKey).verify(toSignedEntity(bundle, artifact))
  assert.throws(() => trust('trusted_root.json', pair().publicKey).verify(toSignedEntity(bundle, artifact)))
  assert.throws(() => trust('other_root.json', publicKey).verify(toSignedEntity(bundle, artifact)))
  if (artifact) assert.throws(() => trust('trusted_root.json', publicKey).verify(toSignedEntity(bundle, Buffer.from('x'))))
  console.log(entry.kindVersion.kind, entry.kindVersion.version)
}

const witnesses = (options) => [new RekorWitness({ rekorBaseURL: url, ...options })]
await judge(await new MessageSignatureBundleBuilder({ signer, witnesses: witnesses({}) }).create({ data }), data)
for (const entryType of ['dsse', 'intoto']) {
  const builder = new DSSEBundleBuilder({ signer, witnesses: witnesses({ entryType }) })
  await judge(await builder.create({ data: statement, type: 'application/vnd.in-toto+json' }))
}

const fixed = sign('sha256', data, privateKey)
const twice = { sign: async () => ({ key, signature: fixed }) }
const log = (options) =>
  new MessageSignatureBundleBuilder({ signer: twice, witnesses: [new RekorWitness({ rekorBaseURL: strict, ...options })] })
const first = await log({}).create({ data })
await assert.rejects(log({ fetchOnConflict: false }).create({ data }), /already exists/)
const again = await log({}).create({ data })
const indexOf = (bundle) => bundle.verificationMaterial.tlogEntries[0].logIndex
assert.equal(indexOf(again), indexOf(first))
console.log('fetched on conflict')
`
