/** What rekor-monitor and slsa-verifier ask of a Rekor v1 log, and how they take the answers (go/rekor-readers). */

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { digestOf, makeSigners, type Signer } from './rekor-v1/signers.ts'
import { type Json, localUrl } from './sigstore/publisher.ts'
import { client, type Finished, run, type Server, scratch, startServer } from './support.ts'

t.setTimeout(20 * 60_000)

const FLAGS = ['--dialects', 'rekor-v1,rekor-v2']
const program = await client('rekor-readers')
const folder = await scratch(t)
const server = await startServer(join(folder, 'one'), ...FLAGS)
const other = await startServer(join(folder, 'other'), ...FLAGS)
t.teardown(() => Promise.all([server, other].map((each) => each.kill())))

const at = (name: string) => join(folder, name)
const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64')
const signers = makeSigners()
/** With the certificates of test/vectors/x509 that name somebody. */
const [EMAIL, , URI] = signers as [Signer, Signer, Signer]

async function trustOf(of: Server, name: string): Promise<string> {
  const path = at(`${new URL(of.url).port}-${name.replace('/', '-')}`)
  await writeFile(path, await (await fetch(`${of.url}/trust/${name}`)).text())
  return path
}

async function log(kind: string, spec: unknown): Promise<string> {
  const body = JSON.stringify({ apiVersion: '0.0.1', kind, spec })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/api/v1/log/entries`, { method: 'POST', body, headers })
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`)
  return Object.keys((await answer.json()) as Json)[0] ?? ''
}

async function logFile(by: Signer, content: string): Promise<string> {
  const file = Buffer.from(content)
  const data = { hash: { algorithm: by.hash, value: digestOf(by.hash, file) } }
  const publicKey = { content: base64(by.certificate ?? by.pem) }
  return await log('hashedrekord', { data, signature: { content: base64(by.signFile(file)), publicKey } })
}

t.test('rekor-monitor: from TUF, what grew, and whose it is', async (t) => {
  const root = await trustOf(server, 'tuf/1.root.json')
  const state = ['-state', at('state')]
  const monitor = async (of = server, first = root): Promise<Finished> => {
    const where = ['-url', localUrl(server), '-tuf', `${localUrl(of)}/trust/tuf`, '-root', first]
    return await run(program, [...where, ...state, 'monitor'], { env: { HOME: folder } })
  }
  const seen = async () => JSON.parse((await monitor()).stdout || '{}') as Json
  await logFile(EMAIL, 'the first')
  t.match(await seen(), { version: 1, previous: 0, size: 1 }, 'the service that is listed last is of version 1')
  const ids = new Map<string, string>()
  for (let i = 0; i < 23; i++) ids.set(await logFile(i === 7 ? URI : EMAIL, `file ${i}`), i === 7 ? 'URI' : 'EMAIL')
  const found = await seen()
  t.match(found, { previous: 1, size: 24 }, 'proven from the first on')
  t.same(Object.keys(found.subjects).sort(), [...ids.keys()].sort(), 'every entry since, ten at a time')
  for (const [id, who] of ids)
    t.same(found.subjects[id], [who === 'URI' ? URI_NAME : EMAIL_NAME], `${id.slice(0, 20)}… names ${who}`)
  t.match(await seen(), { previous: 24, size: 24 }, 'nothing new')

  const elsewhere = await trustOf(other, 'tuf/1.root.json')
  t.match(
    await monitor(other, elsewhere),
    { code: 1, stderr: /no trusted log has the checkpoint's key/ },
    'another TUF',
  )
  t.match(await monitor(server, elsewhere), { code: 1, stderr: /tuf|signature/i }, "another TUF's root")
  await writeFile(at('state'), ((await (await fetch(`${other.url}/api/v1/log`)).json()) as Json).signedTreeHead)
  t.match(await monitor(), { code: 1, stderr: /not this log's/ }, "another log's checkpoint")
  await rm(at('state'))
})

const EMAIL_NAME = 'publisher@example.org'
const URI_NAME = 'https://github.com/example/model/.github/workflows/release.yml@refs/heads/main'

t.test('slsa-verifier: by the digest of the artifact, and by the envelope', async (t) => {
  for (const [kind, by] of [
    ['dsse', EMAIL],
    ['intoto', URI],
  ] as const) {
    const sha256 = digestOf('sha256', Buffer.from(`built for ${kind}`))
    const file = at(`${kind}.json`)
    const envelope = envelopeAbout(sha256, by)
    await writeFile(file, envelope)
    const id = await log(
      kind,
      kind === 'dsse'
        ? { proposedContent: { envelope, verifiers: [base64(by.certificate ?? '')] } }
        : { content: { envelope }, publicKey: base64(by.certificate ?? '') },
    )
    const ask = async (of: Server, digest = sha256): Promise<Finished> => {
      const trust = ['-trusted-root', await trustOf(of, 'trusted_root.json')]
      return await run(program, ['-url', server.url, ...trust, '-digest', digest, '-envelope', file, 'slsa'])
    }
    const done = await ask(server)
    t.match(JSON.parse(done.stdout || '{}'), { byDigest: [id], byEnvelope: id }, `${kind} ${done.stderr}`)
    t.match(await ask(other), { code: 1, stderr: /not a log of the trusted root/ }, `${kind}: another log's root`)
    t.match(JSON.parse((await ask(server, 'ab'.repeat(32))).stdout), { byDigest: [], byEnvelope: id }, 'another file')
    await writeFile(file, `${envelope} `)
    t.match(await ask(server), { code: 1, stderr: /0 entries with the envelope/ }, 'an envelope of another spelling')
  }
})

/** As provenance generators write it: with the certificate beside the signature. */
function envelopeAbout(sha256: string, by: Signer): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'file', digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: { builder: { id: 'https://example.com/builder' }, buildType: 'https://example.com/build/v1' },
  }
  const [payloadType, payload] = ['application/vnd.in-toto+json', JSON.stringify(statement)]
  const sig = base64(by.signMessage(pae(payloadType, utf8(payload))))
  const signatures = [{ keyid: '', sig, cert: by.certificate }]
  return JSON.stringify({ payloadType, payload: base64(payload), signatures })
}
