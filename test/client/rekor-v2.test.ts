import { createHash } from 'node:crypto'
import t from 'tap'
import type { Loggable } from '../../src/client/loggable.ts'
import { submitV2 } from '../../src/client/rekor-v2.ts'
import { parseRequestV2 } from '../../src/formats/sigstore/request-v2.ts'
import { parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { generateEphemeralKey, type PrivateKey } from '../../src/sign/private-key.ts'
import { loggableOf, type Subject, signSubject } from '../../src/sign/subject.ts'
import { isV2, requireLogged } from '../../src/verify/logged-body.ts'
import { signedContent } from '../../src/verify/signed-content.ts'
import { ask, startServer } from '../http/support.ts'
import { fakeService, impatient, type Reply, type Respond } from './support.ts'

const KEY = generateEphemeralKey()
const sha256 = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())
const artifact = new Map([['SHA2_256', sha256('file')] as const])
const FILE: Subject = { kind: 'file', artifact }
const STATEMENT: Subject = { kind: 'statement', payload: Buffer.from(`{"a":"${'x'.repeat(500)}"}`), artifact }

function signed(subject: Subject, key: PrivateKey = KEY) {
  const made = signSubject(subject, key, null, 2)
  return { ...made, loggable: loggableOf(made, key.publicKey) }
}

const log = (url: string, id: Uint8Array | null = null) => ({ url, id, token: null })

t.test('a file and a statement in our own log', async (t) => {
  const server = await startServer(t)
  for (const subject of [FILE, STATEMENT]) {
    const { content, loggable } = signed(subject)
    const entry = await submitV2(impatient().ask, log(server.url), loggable)
    t.ok(isV2(entry), 'a hashedrekord 0.0.2, of an envelope too')
    requireLogged(entry, signedContent(content, KEY.publicKey, loggable.verifier, artifact))
    t.same(await submitV2(impatient().ask, log(server.url), loggable), { ...entry, proof: entry.proof }, 'a repeat')
  }
})

t.test('a log that answers repeats with an index: the proof is made of its tiles', async (t) => {
  const server = await startServer(t, ['--duplicates', 'conflict'])
  const [tlog] = parseTrustedRoot((await ask(server, '/trust/trusted_root.json')).bytes).tlogs
  const { loggable } = signed(FILE)
  const first = await submitV2(impatient().ask, log(server.url), loggable)
  const other = signed(FILE, generateEphemeralKey())
  await submitV2(impatient().ask, log(server.url), other.loggable)
  const again = await submitV2(impatient().ask, log(server.url, tlog?.logId), loggable)
  t.same({ ...again, proof: null }, { ...first, proof: null })
  t.match(again.proof, { index: 0, size: 2 })
  t.equal(again.proof?.path.length, 1)
  await t.rejects(submitV2(impatient().ask, log(server.url), loggable), {
    code: 'ENTRY_EXISTS',
    message: /as entry 0, but its proof needs a trusted root/,
  })
})

const kindOf = (body: Buffer) => parseRequestV2(JSON.parse(String(body))).kind
const entryJson = (kind: string): Reply => ({
  status: 201,
  body: JSON.stringify({
    logIndex: '0',
    logId: { keyId: Buffer.alloc(32).toString('base64') },
    kindVersion: { kind, version: '0.0.2' },
    integratedTime: '0',
    inclusionPromise: null,
    canonicalizedBody: 'AAAA',
  }),
})

t.test('a log that takes no envelopes, or enters them as older ones did, gets the digest', async (t) => {
  const { loggable } = signed(STATEMENT)
  for (const [name, answer] of [
    ['unknown', { status: 400, body: '{"code":3,"message":"unknown field"}' }],
    ['too large', { status: 413 }],
    ['entered as dsse', entryJson('dsse')],
  ] as const) {
    const service = await fakeService(t, ({ body }) => (kindOf(body) === 'dsse' ? answer : entryJson('hashedrekord')))
    t.equal((await submitV2(impatient().ask, log(service.url), loggable)).kind, 'hashedrekord', name)
    t.same(
      service.asked.map(({ body }) => kindOf(body)),
      ['dsse', 'hashedrekord'],
      name,
    )
  }
})

t.test('refusals', async (t) => {
  const cases: readonly (readonly [string, Loggable, Respond, { code: string; message?: RegExp }])[] = [
    [
      'a no',
      signed(FILE).loggable,
      () => ({ status: 400, body: '{"message":"bad"}' }),
      { code: 'SERVICE_REFUSED', message: /400: bad$/ },
    ],
    ['a no to both', signed(STATEMENT).loggable, () => ({ status: 400 }), { code: 'SERVICE_REFUSED' }],
    ['forbidden', signed(STATEMENT).loggable, () => ({ status: 403 }), { code: 'SERVICE_REFUSED' }],
    [
      '200 is not 201',
      signed(FILE).loggable,
      () => ({ ...entryJson('hashedrekord'), status: 200 }),
      { code: 'SERVICE_REFUSED' },
    ],
    [
      'a strange index',
      signed(FILE).loggable,
      () => ({ status: 409, headers: { 'x-log-index': '-1' } }),
      { code: 'SERVICE_REFUSED' },
    ],
    ['known, somewhere', signed(FILE).loggable, () => ({ status: 409 }), { code: 'SERVICE_REFUSED' }],
  ]
  for (const [name, loggable, respond, expected] of cases) {
    const service = await fakeService(t, respond)
    await t.rejects(submitV2(impatient().ask, log(service.url), loggable), expected, name)
  }
  const respond: Respond = ({ method, path }) => {
    if (method === 'POST') return { status: 409, headers: { 'x-log-index': '3' } }
    return path.endsWith('checkpoint') ? { status: 501, body: 'not here' } : { status: 404 }
  }
  const service = await fakeService(t, respond)
  await t.rejects(submitV2(impatient().ask, log(service.url, new Uint8Array(32)), signed(FILE).loggable), {
    code: 'ENTRY_EXISTS',
    message: /as entry 3, but .*501: not here/,
  })
})
