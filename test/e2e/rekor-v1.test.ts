/**
 * Signers and verifiers on Rekor v1: cosign 3 and 2, sigstore-js by default. What cosign 2 does to look entries up, policy
 * controllers do by the same package.
 */

import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { IDENTITY, identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { localUrl } from './sigstore/publisher.ts'
import { client, type Finished, run, type Scope, scratch, startServer } from './support.ts'

t.setTimeout(30 * 60_000)

const EVER: Scope = t
const BOTH = ['--dialects', 'rekor-v1,rekor-v2']
const data = await scratch(t)
const { ca } = await startMockAuthorities(t)
const server = await startServer(join(data, 'one'), ...BOTH, ...ca)
const other = await startServer(join(data, 'other'), ...BOTH, ...ca)
t.teardown(() => Promise.all([server, other].map((each) => each.kill())))
const url = localUrl(server)

async function fetched(from: string, path: string): Promise<string> {
  const answer = await fetch(`${from}${path}`)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return await answer.text()
}

interface Desk {
  readonly folder: string
  at(name: string): string
}

/** A folder with a file to sign and the trust files of both servers. */
async function openDesk(scope: Scope): Promise<Desk> {
  const folder = await scratch(scope)
  const at = (name: string) => join(folder, name)
  await writeFile(at('file'), 'a file\n')
  await writeFile(at('changed'), 'another file\n')
  await writeFile(at('predicate.json'), '{"builder":"the same hands"}')
  for (const name of ['trusted_root.json', 'signing_config.v1.json'])
    await writeFile(at(name), await fetched(url, `/trust/${name}`))
  await writeFile(at('other_root.json'), await fetched(localUrl(other), '/trust/trusted_root.json'))
  await writeFile(at('v1.pem'), await fetched(url, '/trust/v1.pem'))
  await writeFile(at('other.pem'), await fetched(localUrl(other), '/trust/v1.pem'))
  return { at, folder }
}

/** One way to verify what was signed on a desk. */
interface Way {
  readonly name: string
  /** Before the signer, whom to trust, and the file. */
  readonly argv: readonly string[]
  readonly trust: (whose: Whose) => Trust
}

type Whose = 'own' | 'other'

interface Trust {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

type Cosign = (argv: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Finished>

async function judge(t: Test, cosign: Cosign, way: Way): Promise<void> {
  const verify = (signer: readonly string[], file: string, whose: Whose) => {
    const { argv, env } = way.trust(whose)
    return cosign([...way.argv, ...signer, ...argv, file], env)
  }
  const [own, stranger] = way.name === 'identity.json' ? [OWN, STRANGER] : [OWN_KEY, STRANGER_KEY]
  t.match(await verify(own, 'file', 'own'), { code: 0 }, way.name)
  for (const [what, stderr, done] of [
    ['another file', OTHER_FILE, await verify(own, 'changed', 'own')],
    ['another signer', OTHER_SIGNER, await verify(stranger, 'file', 'own')],
    ['another log', OTHER_LOG, await verify(own, 'file', 'other')],
  ] as const)
    t.match(done, { code: 1, stderr }, `${way.name}: ${what}`)
}

/** In the words of each way; what is looked up, our log refuses. */
const [OTHER_FILE, OTHER_SIGNER, OTHER_LOG] = [
  /invalid signature|artifact digests? do(es)? not match|no matching subject|matching bundle to payload|does not verify/,
  /certificate does not match|no matching CertificateIdentity|comparing public key|do not match threshold|does not verify/,
  /not enough verified log entries from transparency log: 0 < 1|rekor log public key not found for payload/,
] as const
const OWN_KEY = ['--key', 'cosign.pub']
const STRANGER_KEY = ['--key', 'stranger.pub']
const issued = ['--certificate-oidc-issuer', IDENTITY.issuer]
const OWN = ['--certificate-identity', IDENTITY.subject, ...issued]
const STRANGER = ['--certificate-identity', 'https://imposter.example/release', ...issued]
const CUSTOM = ['--type', 'custom']
const PREDICATE = ['--predicate', 'predicate.json', ...CUSTOM]
const KEY = ['--yes', '--key', 'cosign.key']

/** Of bundles of today, as cosign 3 makes them and cosign 2 may. */
function byRoot(flags: readonly string[]): Way['trust'] {
  const file = (whose: Whose) => (whose === 'own' ? 'trusted_root.json' : 'other_root.json')
  return (whose) => ({ argv: [...flags, '--trusted-root', file(whose)], env: {} })
}

const BLOB = ['verify-blob', '--bundle']
const STATEMENT = ['verify-blob-attestation', ...CUSTOM, '--bundle']

/** A program on a desk of its own, which outlives the test, with two pairs of keys. */
async function cosignAt(t: Test, name: string): Promise<{ cosign: Cosign; must: Cosign; desk: Desk }> {
  const program = await client(name)
  const desk = await openDesk(EVER)
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: desk.folder,
    COSIGN_PASSWORD: '',
    SIGSTORE_REKOR_PUBLIC_KEY: 'v1.pem',
  }
  const cosign: Cosign = (argv, more) => run(program, argv, { cwd: desk.folder, env: { ...env, ...more } })
  const must: Cosign = async (argv) => {
    const done = await cosign(argv)
    t.match(done, { code: 0 }, argv.join(' '))
    return done
  }
  await must(['generate-key-pair'])
  await must(['generate-key-pair', '--output-key-prefix', 'stranger'])
  return { cosign, must, desk }
}

/** What has to hold once the servers are gone. */
const offline: (readonly [Cosign, Way])[] = []

t.test('cosign, by URL and by our signing config, with a key and with an identity', async (t) => {
  const { cosign, must, desk } = await cosignAt(t, 'cosign')
  const config = ['--signing-config', 'signing_config.v1.json', '--trusted-root', 'trusted_root.json']
  const byUrl = ['--use-signing-config=false', '--rekor-url', url]
  await must(['sign-blob', ...KEY, ...byUrl, '--bundle', 'by-url.json', 'file'])
  await must(['sign-blob', ...KEY, ...config, '--bundle', 'by-config.json', 'file'])
  await must(['attest-blob', ...KEY, ...PREDICATE, ...byUrl, '--bundle', 'stated-by-url.json', 'file'])
  await must(['attest-blob', ...KEY, ...PREDICATE, ...config, '--bundle', 'stated.json', 'file'])
  await must(['sign-blob', '--identity-token', identityToken(), ...config, '--bundle', 'identity.json', 'file'])
  for (const [name, kind, argv] of [
    ['by-url.json', 'hashedrekord', BLOB],
    ['by-config.json', 'hashedrekord', BLOB],
    ['identity.json', 'hashedrekord', BLOB],
    ['stated-by-url.json', 'dsse', STATEMENT],
    ['stated.json', 'dsse', STATEMENT],
  ] as const) {
    const { tlogEntries } = JSON.parse(await readFile(desk.at(name), 'utf8')).verificationMaterial
    t.match(tlogEntries, [{ kindVersion: { kind, version: '0.0.1' }, inclusionPromise: {} }], name)
    const way = { name, argv: [...argv, name], trust: byRoot([]) }
    await judge(t, cosign, way)
    offline.push([cosign, way])
  }
})

t.test('cosign 2: its own bundles, ours, and looking up', async (t) => {
  const { cosign, must } = await cosignAt(t, 'cosign-v2')
  const byUrl = [...KEY, '--rekor-url', url]
  const bundled = ['--new-bundle-format']
  await must(['sign-blob', ...byUrl, '--bundle', 'old.json', '--output-signature', 'file.sig', 'file'])
  await must(['sign-blob', ...byUrl, ...bundled, '--bundle', 'new.json', 'file'])
  await must(['attest-blob', ...byUrl, ...PREDICATE, ...bundled, '--bundle', 'stated.json', 'file'])
  await must(['attest-blob', ...byUrl, ...PREDICATE, '--output-signature', 'stated.sig', 'file'])
  const byKey: Way['trust'] = (whose) => ({
    argv: [],
    env: { SIGSTORE_REKOR_PUBLIC_KEY: whose === 'own' ? 'v1.pem' : 'other.pem' },
  })
  const asked = ['--rekor-url', url]
  const lookedUp: readonly Way[] = [
    { name: 'by looking up', argv: ['verify-blob', '--signature', 'file.sig', ...asked], trust: byKey },
    {
      name: 'a statement, by looking up',
      argv: ['verify-blob-attestation', ...CUSTOM, '--signature', 'stated.sig', ...asked],
      trust: byKey,
    },
  ]
  const kept: readonly Way[] = [
    { name: 'its own bundle', argv: [...BLOB, 'old.json'], trust: byKey },
    { name: 'a new bundle', argv: [...BLOB, 'new.json'], trust: byRoot(bundled) },
    { name: 'a statement', argv: [...STATEMENT, 'stated.json'], trust: byRoot(bundled) },
  ]
  for (const way of [...lookedUp, ...kept]) await judge(t, cosign, way)
  offline.push(...kept.map((way) => [cosign, way] as const))
})

t.test('sigstore-js by default, with each kind of entry', async (t) => {
  const packages = await client('sigstore-js')
  const { at, folder } = await openDesk(t)
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

t.test('verification asks nobody', async (t) => {
  for (const each of [server, other]) await each.stop()
  for (const [cosign, way] of offline) await judge(t, cosign, way)
})
