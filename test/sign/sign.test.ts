import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { parseIdentityToken } from '../../src/formats/sigstore/identity-token.ts'
import { parseTrustedRoot, type TrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import type { AttemptStore } from '../../src/sign/attempt.ts'
import { importPrivateKey } from '../../src/sign/private-key.ts'
import { type Order, type Signer, signAndLog } from '../../src/sign/sign.ts'
import type { Subject } from '../../src/sign/subject.ts'
import { NO_WITNESSES } from '../../src/verify/checkpoint.ts'
import { nodeAbilities } from '../../src/verify-node/abilities.ts'
import { fakeFulcio, tokenText } from '../client/fulcio.ts'
import { rekorV1Log } from '../client/rekor-v1-log.ts'
import { fakeService, impatient, type Respond } from '../client/support.ts'
import { ask, startServer, type TestServer } from '../http/support.ts'

const digests = (text: string) =>
  new Map(
    (
      [
        ['SHA2_256', 'sha256'],
        ['SHA2_384', 'sha384'],
        ['SHA2_512', 'sha512'],
      ] as const
    ).map(([name, hash]) => [name, new Uint8Array(createHash(hash).update(text).digest())] as const),
  )
const artifact = digests('file')
const sha256 = createHash('sha256').update('file').digest('hex')
const payload = utf8(
  `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"f","digest":{"sha256":"${sha256}"}}],"predicateType":"https://e.example"}`,
)
const FILE: Subject = { kind: 'file', artifact }
const STATEMENT: Subject = { kind: 'statement', artifact, payload }
const SUBJECTS = [FILE, STATEMENT]
const KEYS = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'RSA-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync('ed25519'),
}

function keyOf(name: keyof typeof KEYS): Signer {
  const pem = KEYS[name].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { kind: 'key', key: importPrivateKey(pem, null) }
}

const world = () => ({
  ask: impatient().ask,
  now: () => unixMillis(Date.now()),
  random: randomBytes,
  abilities: nodeAbilities,
})

function orderOf(
  subject: Subject,
  url: string,
  root: TrustedRoot | null,
  more: Partial<Order['services']> = {},
): Order {
  const services = { logs: [url], version: 2 as const, certificates: null, timestamps: [], ...more }
  return { subject, services, trust: root && { root, policy: NO_WITNESSES }, logToken: null }
}

async function rootOf(server: TestServer): Promise<TrustedRoot> {
  return parseTrustedRoot((await ask(server, '/trust/trusted_root.json')).bytes)
}

t.test('every kind of key, in our own log; what is returned has been verified', async (t) => {
  const server = await startServer(t)
  const root = await rootOf(server)
  for (const name of Object.keys(KEYS) as (keyof typeof KEYS)[])
    for (const subject of SUBJECTS) {
      const result = await signAndLog(orderOf(subject, server.url, root), keyOf(name), world())
      t.match(result.checked, { against: 'trusted root', verdict: { signed: { kind: subject.kind } } }, name)
      const again = await signAndLog(orderOf(subject, server.url, root), keyOf(name), world())
      t.equal(again.bundle.entries[0]?.index, result.bundle.entries[0]?.index, 'again is the same entry')
    }
})

t.test('every kind of key, in a Rekor v1 log; a repeat is the entry that is there', async (t) => {
  const log = await rekorV1Log(t)
  const root = { tlogs: [log.trusted], certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }
  for (const name of Object.keys(KEYS) as (keyof typeof KEYS)[])
    for (const subject of SUBJECTS) {
      if (subject.kind === 'statement' && name === 'P-384') continue // refused, see below
      const order = orderOf(subject, log.url, root, { version: 1 })
      const { bundle, checked } = await signAndLog(order, keyOf(name), world())
      t.match(bundle.entries, [{ kind: subject.kind === 'file' ? 'hashedrekord' : 'dsse', version: '0.0.1' }], name)
      t.match(checked, {
        verdict: { times: [{ source: 'log' }], notCovered: { length: subject.kind === 'file' ? 2 : 3 } },
      })
      const again = await signAndLog(order, keyOf(name), world())
      t.same(again.bundle.entries, bundle.entries, 'a repeat')
    }
  t.equal(log.asked.filter(({ method }) => method === 'GET').length, 7, 'each was a conflict')
})

t.test('several logs: an entry of each in one bundle', async (t) => {
  const logs = [await rekorV1Log(t), await rekorV1Log(t)]
  const tlogs = logs.map(({ trusted }) => trusted)
  const root = { tlogs, certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }
  const services = { version: 1 as const, logs: logs.map(({ url }) => url) }
  const { bundle, checked } = await signAndLog(orderOf(FILE, '', root, services), keyOf('P-256'), world())
  t.same(
    bundle.entries.map(({ logId }) => logId),
    tlogs.map(({ logId }) => logId),
  )
  t.match(checked, { verdict: { entries: { length: 2 } } })
})

t.test('without a trusted root it says what it did not check', async (t) => {
  const server = await startServer(t)
  for (const subject of SUBJECTS) {
    const { checked } = await signAndLog(orderOf(subject, server.url, null), keyOf('P-256'), world())
    t.same(checked, { against: 'itself', notChecked: ["the log's signature"] })
  }
})

t.test('what comes back and does not hold is not returned', async (t) => {
  const server = await startServer(t)
  const [root, other] = [await rootOf(server), await rootOf(await startServer(t))]
  await t.rejects(signAndLog(orderOf(FILE, server.url, other), keyOf('P-256'), world()), { code: 'LOG_NOT_TRUSTED' })
  const tampering = async (change: (entry: Entry) => void) => {
    const real = await signAndLog(orderOf(FILE, server.url, root), keyOf('P-256'), world())
    const [entry] = (JSON.parse(real.text) as Text).verificationMaterial.tlogEntries
    change(entry as Entry)
    return await fakeService(t, () => ({ status: 201, body: JSON.stringify(entry) }))
  }
  const cases: readonly (readonly [string, (entry: Entry) => void, string, string])[] = [
    [
      'another leaf',
      (e) => {
        e.canonicalizedBody = Buffer.from('{}').toString('base64')
      },
      'ENTRY_MISMATCH',
      'ENTRY_MISMATCH',
    ],
    [
      'another root',
      (e) => {
        e.inclusionProof.rootHash = Buffer.alloc(32).toString('base64')
      },
      'PROOF_INVALID',
      'PROOF_INVALID',
    ],
    ['no proof', (e) => void Reflect.deleteProperty(e, 'inclusionProof'), 'FIELD_MISSING', 'FIELD_MISSING'],
    [
      'another log',
      (e) => {
        e.logId.keyId = Buffer.alloc(32).toString('base64')
      },
      'LOG_NOT_TRUSTED',
      'accepted',
    ],
    ['a checkpoint of another size', (e) => sizes(e), 'CHECKPOINT_UNTRUSTED', 'CHECKPOINT_UNTRUSTED'],
  ]
  for (const [name, change, trusting, alone] of cases) {
    const { url } = await tampering(change)
    const codeOf = (trust: TrustedRoot | null) =>
      signAndLog(orderOf(FILE, url, trust), keyOf('P-256'), world()).then(
        () => 'accepted',
        (error: { code?: string }) => error.code,
      )
    t.equal(await codeOf(root), trusting, `${name}, with the root`)
    t.equal(await codeOf(null), alone, `${name}, without`)
  }
})

interface Entry {
  canonicalizedBody: string
  logId: { keyId: string }
  inclusionProof: { rootHash: string; treeSize: string; checkpoint: { envelope: string } }
}
interface Text {
  verificationMaterial: { tlogEntries: Entry[] }
}

/** A number in the signed text that is not the one beside it. */
function sizes(entry: Entry): void {
  const { checkpoint, treeSize } = entry.inclusionProof
  checkpoint.envelope = checkpoint.envelope.replace(`\n${treeSize}\n`, `\n${Number(treeSize) + 1}\n`)
}

t.test('what nobody could verify is refused before anything is sent', async (t) => {
  const log = await fakeService(t, () => ({ status: 500 }))
  const model: Subject = { kind: 'model', payload, artifact }
  const cases: readonly (readonly [
    string,
    Subject,
    Signer,
    Partial<Order['services']>,
    { code: string; message: RegExp },
  ])[] = [
    [
      'a statement by P-384 on v1',
      STATEMENT,
      keyOf('P-384'),
      { version: 1 },
      { code: 'KEY_NOT_ALLOWED', message: /Rekor v1/ },
    ],
    ['a model by RSA', model, keyOf('RSA-2048'), {}, { code: 'KEY_NOT_ALLOWED', message: /ECDSA/ }],
    ['a model by Ed25519', model, keyOf('Ed25519'), {}, { code: 'KEY_NOT_ALLOWED', message: /ECDSA/ }],
    [
      'a certificate without a time',
      FILE,
      identity(kept()),
      { certificates: log.url },
      { code: 'CONFIG_INVALID', message: /timestamp/ },
    ],
    ['an identity without an authority', FILE, identity(kept()), {}, { code: 'CONFIG_INVALID', message: /authority/ }],
  ]
  for (const [name, subject, signer, services, expected] of cases)
    await t.rejects(signAndLog(orderOf(subject, log.url, null, services), signer, world()), expected, name)
  t.same(log.asked, [])
})

interface Kept extends AttemptStore {
  file: Uint8Array | null
}

function kept(): Kept {
  return {
    file: null,
    load() {
      return this.file
    },
    save(attempt) {
      this.file = attempt
    },
    clear() {
      this.file = null
    },
  }
}

function identity(attempts: AttemptStore, claims: object = {}): Signer {
  return { kind: 'identity', token: parseIdentityToken(tokenText(claims)), attempts }
}

/** A v1 log that loses its first answer. */
async function cutOff(t: Test) {
  const bodies: string[] = []
  const respond: Respond = ({ method, body }) => {
    if (method === 'POST') bodies.push(String(body))
    return { status: 400, body: 'later' }
  }
  const log = await fakeService(t, respond)
  return { log, bodies }
}

t.test('an attempt with an identity goes on where it was cut off', async (t) => {
  const authority = await fakeFulcio(t, t.testdir())
  const { log, bodies } = await cutOff(t)
  const attempts = kept()
  const v1 = { version: 1 as const, certificates: authority.url }
  const attempt = (subject: Subject, claims = {}) =>
    t.rejects(signAndLog(orderOf(subject, log.url, null, v1), identity(attempts, claims), world()), {
      code: 'SERVICE_REFUSED',
    })
  await attempt(FILE)
  t.notOk(String(attempts.file).includes(tokenText()), 'what is kept has no token')
  await attempt(FILE)
  t.equal(bodies[1], bodies[0], 'the same is sent again')
  t.equal(authority.asked.length, 1, 'with the same certificate')
  await attempt(STATEMENT)
  t.equal(authority.asked.length, 2, 'something else is a new attempt')
  await attempt({ kind: 'file', artifact: digests('other') })
  t.equal(authority.asked.length, 3, 'and so is another file')
  await attempt(FILE)
  attempts.file = utf8('{"damaged')
  await attempt(FILE)
  t.equal(authority.asked.length, 5, 'what cannot be read is made anew')
  t.equal(new Set(bodies).size, 5)
})

t.test('nor when it is too late, or for another token', async (t) => {
  const authority = await fakeFulcio(t, t.testdir())
  const { log } = await cutOff(t)
  const attempts = kept()
  const order = orderOf(FILE, log.url, null, { version: 1, certificates: authority.url })
  await t.rejects(signAndLog(order, identity(attempts), world()))
  const later = { ...world(), now: () => unixMillis(Date.now() + 2 * 86_400_000) }
  await t.rejects(signAndLog(order, identity(attempts), later))
  t.equal(authority.asked.length, 2, 'its certificate has expired')
  const first = attempts.file
  await t.rejects(signAndLog(order, identity(attempts, { email: 'you@example.com' }), world()), {
    code: 'CERTIFICATE_UNTRUSTED',
  })
  t.equal(authority.asked.length, 3)
  t.equal(attempts.file, first, 'and what was kept stays')
})
