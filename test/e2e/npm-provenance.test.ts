/**
 * npm and gh have Sigstore's public instance compiled in. Ours stands in its place: npm publishes a package with provenance
 * from a workflow, audits it, and gh verifies the same bundle.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import { identityToken, startMockAuthorities } from './sigstore/authorities.ts'
import { startRegistry } from './sigstore/npm-registry.ts'
import { startPublicInstance } from './sigstore/public-instance.ts'
import { type Json, localUrl } from './sigstore/publisher.ts'
import { client, type Finished, run, type Scope, scratch, startServer } from './support.ts'

t.setTimeout(10 * 60_000)

const PACKAGE = 'signed@1.0.0'
const OWNER = 'publisher'
const WORKFLOW = `${OWNER}/package/.github/workflows/release.yml@refs/tags/v1.0.0`
const IDENTITY = `https://github.com/${WORKFLOW}`
const SHA = '0123456789abcdef0123456789abcdef01234567'

const BOTH = ['--dialects', 'rekor-v1,rekor-v2']
const npm = join(await client('npm'), 'node_modules/npm/bin/npm-cli.js')
const gh = join(dirname(await client('gh')), 'gh')
const folder = await scratch(t)
const { ca } = await startMockAuthorities(t)
const server = await startServer(join(folder, 'one'), ...BOTH, ...ca)
const other = await startServer(join(folder, 'other'), ...BOTH, ...ca)
t.teardown(() => Promise.all([server, other].map((each) => each.kill())))
const url = localUrl(server)
const registry = await startRegistry(t)
/** What GitHub tells a job, and the job's tools. */
const GITHUB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: `${OWNER}/package`,
  GITHUB_REPOSITORY_ID: '1',
  GITHUB_REPOSITORY_OWNER_ID: '2',
  GITHUB_WORKFLOW_REF: WORKFLOW,
  GITHUB_REF: 'refs/tags/v1.0.0',
  GITHUB_SHA: SHA,
  GITHUB_EVENT_NAME: 'push',
  GITHUB_RUN_ID: '3',
  GITHUB_RUN_ATTEMPT: '1',
  RUNNER_ENVIRONMENT: 'github-hosted',
  ACTIONS_ID_TOKEN_REQUEST_URL: await startTokens(t),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a job',
}

/** The issuer of the job's identity. */
async function startTokens(scope: Scope): Promise<string> {
  const value = identityToken(IDENTITY, {
    iss: 'https://token.actions.githubusercontent.com',
    event_name: 'push',
    sha: SHA,
    ref: 'refs/tags/v1.0.0',
    repository: `${OWNER}/package`,
    repository_owner: OWNER,
    job_workflow_ref: WORKFLOW,
    workflow_ref: WORKFLOW,
    runner_environment: 'github-hosted',
  })
  const tokens = createServer((_, response) => response.end(JSON.stringify({ value })))
  tokens.listen(0, '127.0.0.1')
  await new Promise((resolve) => tokens.once('listening', resolve))
  scope.teardown(() => tokens.close())
  return `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/?job=3`
}

/** Someone's computer, where that log stands for the public one: TUF's first root was given to it. */
interface Computer {
  readonly at: string
  readonly env: Readonly<Record<string, string>>
}

async function computer(name: string, log: string, wants: Json): Promise<Computer> {
  const at = join(folder, name)
  const tuf = join(at, '.npm/_tuf/tuf-repo-cdn.sigstore.dev')
  await mkdir(tuf, { recursive: true })
  await writeFile(join(tuf, 'root.json'), await (await fetch(`${log}/trust/tuf/1.root.json`)).text())
  const { host } = new URL(registry.url)
  await writeFile(join(at, '.npmrc'), `registry=${registry.url}\n//${host}/:_authToken=anyone\nupdate-notifier=false\n`)
  await writeFile(join(at, 'package.json'), JSON.stringify(wants))
  const env = await startPublicInstance(t, {
    'rekor.sigstore.dev': log,
    'fulcio.sigstore.dev': ca[ca.indexOf('--fulcio-url') + 1] ?? '',
    'tuf-repo-cdn.sigstore.dev': `${log}/trust/tuf`,
  })
  return { at, env }
}

async function npmAt(on: Computer, argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return await run(process.execPath, [npm, ...argv], { cwd: on.at, env: { PATH, HOME: on.at, ...on.env, ...more } })
}

async function audit(on: Computer): Promise<Finished> {
  await npmAt(on, ['cache', 'clean', '--force'])
  return await npmAt(on, ['audit', 'signatures'])
}

t.test('npm publishes with provenance, and audits it', async (t) => {
  const publisher = await computer('publisher', url, { name: 'signed', version: '1.0.0', files: [] })
  const done = await npmAt(publisher, ['publish', '--provenance', '--access', 'public'], GITHUB)
  t.match(done, { code: 0, stderr: /Provenance statement published to transparency log/ })
  const bundle = registry.bundles.get(PACKAGE)
  t.match(bundle.verificationMaterial.tlogEntries, [{ kindVersion: { kind: 'dsse', version: '0.0.1' } }])

  const wants = { dependencies: { signed: '1.0.0' } }
  const consumer = await computer('consumer', url, wants)
  const stranger = await computer('stranger', localUrl(other), wants)
  for (const each of [consumer, stranger]) t.match(await npmAt(each, ['install']), { code: 0 })
  t.match(await audit(consumer), { code: 0, stdout: /1 package has a verified attestation/ })
  const refused = { code: 1, stdout: /1 package has an invalid attestation/ }
  t.match(await audit(stranger), refused, "with another log's root")
  for (const [what, change] of CHANGES) {
    registry.bundles.set(PACKAGE, change(structuredClone(bundle)))
    t.match(await audit(consumer), refused, what)
  }
  registry.bundles.set(PACKAGE, bundle)
  t.match(await audit(consumer), { code: 0 }, 'with everything back')
})

t.test('gh verifies what npm published', async (t) => {
  const at = (name: string) => join(folder, name)
  await writeFile(at('bundle.json'), JSON.stringify(registry.bundles.get(PACKAGE)))
  await writeFile(at('package.tgz'), registry.tarball())
  await writeFile(at('changed.tgz'), 'another package')
  for (const [name, from] of [
    ['one.jsonl', url],
    ['other.jsonl', localUrl(other)],
  ] as const)
    await writeFile(at(name), await oneLine(from))
  const verify = async (change: Partial<Record<'file' | 'root' | 'owner' | 'bundle', string>>) => {
    const { file, root, owner, bundle } = {
      file: 'package.tgz',
      root: 'one.jsonl',
      owner: OWNER,
      bundle: 'bundle.json',
      ...change,
    }
    const how = ['--bundle', bundle, '--custom-trusted-root', root, '--owner', owner, '--digest-alg', 'sha512']
    return await run(gh, ['attestation', 'verify', file, ...how], { cwd: folder, env: { PATH: '', HOME: folder } })
  }
  t.match(await verify({}), { code: 0 })
  const refused = { code: 1, stderr: /verifying with issuer|failed to parse|invalid/ } // it says no more
  for (const [what, change] of [
    ['another file', { file: 'changed.tgz' }],
    ['another owner', { owner: 'stranger' }],
    ["another log's root", { root: 'other.jsonl' }],
  ] as const)
    t.match(await verify(change), refused, what)
  for (const [what, change] of CHANGES) {
    await writeFile(at('changed.json'), JSON.stringify(change(structuredClone(registry.bundles.get(PACKAGE)))))
    t.match(await verify({ bundle: 'changed.json' }), refused, what)
  }
})

/** gh takes a trusted root a line. */
async function oneLine(from: string): Promise<string> {
  return `${JSON.stringify(await (await fetch(`${from}/trust/trusted_root.json`)).json())}\n`
}

/** What is not of this log any more: the last bit of each. */
const CHANGES: readonly (readonly [string, (bundle: Json) => Json])[] = [
  ['another promise', spoilt((entry) => [entry.inclusionPromise, 'signedEntryTimestamp'])],
  ['another body', spoilt((entry) => [entry, 'canonicalizedBody'])],
  ['another log', spoilt((entry) => [entry.logId, 'keyId'])],
  ['another signature of the checkpoint', spoilt((entry) => [entry.inclusionProof.checkpoint, 'envelope'])],
]

/** Of base64, or of the note's last line. */
function spoilt(of: (entry: Json) => [Json, string]): (bundle: Json) => Json {
  return (bundle) => {
    const [holder, name] = of(bundle.verificationMaterial.tlogEntries[0])
    const [, before = '', base64 = '', end = ''] = /^(.*?)([\w+/]+=*)(\n?)$/s.exec(holder[name]) ?? []
    const bytes = Buffer.from(base64, 'base64')
    bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1)
    holder[name] = before + bytes.toString('base64') + end
    return bundle
  }
}
