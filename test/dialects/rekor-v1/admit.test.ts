import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { certificateKey, digestKey, identityKey, publicKeyKey, subjectKey } from '../../../src/formats/lookup-key.ts'
import { parseMinisignKey } from '../../../src/formats/minisign.ts'
import { parseCertificate } from '../../../src/formats/pki/certificate.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { parseSshKey } from '../../../src/formats/ssh/key.ts'
import { base64, hex, parseBase64, parseHex, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { Minisign, Ssh } from '../../formats/detached.ts'
import {
  certificateFor,
  ED25519,
  hashOf,
  KEYS,
  type Key,
  MESSAGE,
  P256,
  P384,
  P521,
  vector,
} from '../rekor-v2/support.ts'
import { keysOf, propose, refused, sameLeafKeys } from './admitted.ts'
import * as make from './support.ts'

t.teardown(closeCrypto)

const sha256 = (bytes: Uint8Array) => hashOf('SHA2_256', bytes)
const keysOfKey = ({ spki }: Key) => [
  publicKeyKey(spki),
  digestKey('sha256', sha256(utf8(formatPem(spki, 'PUBLIC KEY')))),
]
const [SUBJECTS, FED] = [
  [`sha256:${'ab'.repeat(32)}`, `gitCommit:${'cd'.repeat(20)}`],
  [`sha1:${'01'.repeat(20)}`, `sha512:${'02'.repeat(64)}`],
]
const STATEMENT_KEYS = [
  ...[...SUBJECTS, ...FED].map((digest) => `digest:${digest}`),
  ...SUBJECTS.map((digest) => `subject:${digest}`),
  ...FED.map((digest) => `dependency:${digest}`),
  `digest:sha256:${hex(sha256(make.PAYLOAD))}`,
].map((raw) => sha256(utf8(raw)))

for (const key of KEYS)
  t.test(`hashedrekord by ${key.keyDetails}`, async (t) => {
    const proposal = make.hashedRekord(key)
    const entry = await propose(proposal)
    t.equal(parseUtf8(entry.leaf), parseUtf8(canonicalJson(proposal)))
    t.same(entry.attachments, [])
    t.same(structuredClone(entry), entry)
    const { algorithm, value } = proposal.spec.data.hash
    sameLeafKeys(t, entry, [digestKey(algorithm, parseHex(value)), ...keysOfKey(key)])
    const flipped = value.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    proposal.spec.data.hash = { algorithm, value: flipped }
    await refused(t, proposal, 'SIGNATURE_INVALID', 'over another digest')
    const [other, length] = algorithm === 'sha256' ? ['sha512', 64] : ['sha256', 32]
    proposal.spec.data.hash = { algorithm: other as string, value: '00'.repeat(length as number) }
    await refused(t, proposal, 'ALGORITHM_NOT_ALLOWED', 'with another algorithm')
  })

t.test('a certificate is found by its key, its names and their issuer', async (t) => {
  const der = certificateFor(P256, 'cert-email-p256')
  const certificate = parseCertificate(der)
  const entry = await propose(make.hashedRekord(P256, make.pem64(der, 'CERTIFICATE')))
  const names = certificate.sans.flatMap((name) => [
    subjectKey(name),
    ...(certificate.issuer === undefined ? [] : [identityKey(certificate.issuer, name)]),
  ])
  t.ok(names.length > 0)
  sameLeafKeys(t, entry, [
    digestKey('sha256', sha256(utf8('hello'))),
    digestKey('sha256', sha256(utf8(formatPem(der, 'CERTIFICATE')))),
    publicKeyKey(P256.spki),
    certificateKey(der),
    ...names,
  ])
})

t.test('spellings of a key end as one leaf', async (t) => {
  const pem = formatPem(P256.spki, 'PUBLIC KEY')
  const leaf = async (text: string) =>
    parseUtf8((await propose(make.hashedRekord(P256, base64(utf8(text))))).leaf).replace(/"content":"[^"]+",/, '')
  for (const text of [pem.trimEnd(), `\n${pem}\n`, pem.replaceAll('\n', '\r\n')])
    t.equal(await leaf(text), await leaf(pem))
  for (const [text, name] of [
    [pem + pem, 'two blocks'],
    [pem.replaceAll('PUBLIC', 'PRIVATE'), 'another label'],
    ['', 'nothing'],
  ] as const)
    await refused(t, make.hashedRekord(P256, base64(utf8(text))), 'FIELD_INVALID', name)
})

for (const key of [P256, P384, P521, ED25519])
  t.test(`envelopes by ${key.keyDetails}: SHA-256, and pure Ed25519`, async (t) => {
    const text = JSON.stringify(make.envelopeOf([key]))
    const [sig] = make.envelopeOf([key]).signatures.map((one) => one.sig)
    const hash = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: hex(sha256(bytes)) })

    const dsse = await propose(make.dsse([key], text))
    const signatures = [{ signature: sig ?? '', verifier: make.pem64(key.spki) }]
    const spec = { envelopeHash: hash(utf8(text)), payloadHash: hash(make.PAYLOAD), signatures }
    t.equal(parseUtf8(dsse.leaf), parseUtf8(canonicalJson({ apiVersion: '0.0.1', kind: 'dsse', spec })))
    const digests = [sha256(utf8(text)), sha256(make.PAYLOAD)].map((one) => digestKey('sha256', one))
    sameLeafKeys(t, dsse, [...digests, ...keysOfKey(key)])
    t.same(dsse.attachments, [{ algorithm: 'sha256', digest: sha256(utf8(text)), content: utf8(text) }])

    const v1 = await propose(make.intotoV1(key, text))
    const content = { hash: hash(utf8(text)), payloadHash: hash(make.PAYLOAD) }
    const spec1 = { content, publicKey: make.pem64(key.spki) }
    t.equal(parseUtf8(v1.leaf), parseUtf8(canonicalJson({ apiVersion: '0.0.1', kind: 'intoto', spec: spec1 })))
    sameLeafKeys(t, v1, [...digests, ...keysOfKey(key)])

    const proposal = make.intotoV2([key])
    const v2 = await propose(proposal)
    const { payload: _, ...envelope } = proposal.spec.content.envelope
    const content2 = { ...proposal.spec.content, envelope, payloadHash: hash(make.PAYLOAD) }
    t.equal(parseUtf8(v2.leaf), parseUtf8(canonicalJson({ ...proposal, spec: { content: content2 } })))
    sameLeafKeys(t, v2, [digestKey('sha256', sha256(make.PAYLOAD)), ...keysOfKey(key)])

    for (const entry of [v1, v2])
      t.same(entry.attachments, [{ algorithm: 'sha256', digest: sha256(make.PAYLOAD), content: make.PAYLOAD }])
    for (const entry of [dsse, v1, v2]) {
      t.same(keysOf(entry, 'attachment').sort(), STATEMENT_KEYS.map(hex).sort(), 'what the statement speaks of')
      t.same(structuredClone(entry), entry)
    }
  })

for (const key of [P256, P384, P521, ED25519])
  t.test(`rekord by a key of ${key.keyDetails}`, async (t) => {
    const proposal = make.rekordBy(key)
    const entry = await propose(proposal)
    const { signature } = proposal.spec
    const hash = { algorithm: 'sha256', value: hex(sha256(MESSAGE)) }
    t.equal(parseUtf8(entry.leaf), parseUtf8(canonicalJson({ ...proposal, spec: { data: { hash }, signature } })))
    t.same(entry.attachments, [], 'the file is not kept')
    sameLeafKeys(t, entry, [digestKey('sha256', sha256(MESSAGE)), publicKeyKey(key.spki)])
    proposal.spec.data.hash = hash
    t.same(await propose(proposal), entry, 'with its hash')
    proposal.spec.data.hash = { ...hash, value: 'ab'.repeat(32) }
    await refused(t, proposal, 'FIELD_INVALID', 'with another hash')
    proposal.spec.data = { content: base64(utf8('another file')) }
    await refused(t, proposal, 'SIGNATURE_INVALID', 'of another file')
  })

t.test('rekord by a certificate', async (t) => {
  const der = certificateFor(P256, 'cert-email-p256')
  const pem = utf8(formatPem(der, 'CERTIFICATE'))
  const entry = await propose(make.rekord('x509', MESSAGE, make.signEnvelope(P256, MESSAGE), pem))
  const [email] = parseCertificate(der).sans
  if (email === undefined) throw new Error('a certificate with a name')
  for (const key of [certificateKey(der), subjectKey(email)]) t.ok(keysOf(entry, 'leaf').includes(hex(key)))
})

const TOOLS = [
  ['minisign', 'minisign/hello_world.txt.minisig', 'minisign/minisign.pub'],
  ['minisign', 'minisign/hello_world_hashed.txt.minisig', 'minisign/minisign_hashed.pub'],
  ['minisign', 'minisign/hello_world.txt.signify', 'minisign/signify.pub'],
  ['ssh', 'ssh/ed25519.sig', 'ssh/ed25519.pub'],
  ['ssh', 'ssh/ecdsa-256.sig', 'ssh/ecdsa-256.pub'],
  ['ssh', 'ssh/ecdsa-384.sig', 'ssh/ecdsa-384.pub'],
  ['ssh', 'ssh/ecdsa-521.sig', 'ssh/ecdsa-521.pub'],
] as const
const HELLO = vector('ssh/hello_world.txt')

for (const [format, signature, key] of TOOLS)
  t.test(`rekord of ${signature}`, async (t) => {
    const entry = await propose(make.rekord(format, HELLO, vector(signature), vector(key)))
    t.match(JSON.parse(parseUtf8(entry.leaf)), { kind: 'rekord', spec: { signature: { format } } })
    const { content, publicKey } = JSON.parse(parseUtf8(entry.leaf)).spec.signature
    const again = make.rekord(format, HELLO, parseBase64(content), parseBase64(publicKey.content))
    t.same(await propose(again), entry, 'what is logged is a spelling of what was sent')
    const { der } =
      format === 'ssh' ? parseSshKey(parseUtf8(vector(key))).key : parseMinisignKey(parseUtf8(vector(key))).key
    sameLeafKeys(t, entry, [digestKey('sha256', sha256(HELLO)), publicKeyKey(der)])
    const other = make.rekord(format, MESSAGE, vector(signature), vector(key))
    await refused(t, other, 'SIGNATURE_INVALID', 'another file')
    for (const [, , stranger] of TOOLS.filter((tool) => tool[0] === format && tool[2] !== key))
      await refused(t, make.rekord(format, HELLO, vector(signature), vector(stranger)), 'SIGNATURE_INVALID', stranger)
  })

t.test('a signature that names another key than the one that made it', async (t) => {
  const file = utf8('a file')
  const minisign = new Minisign(utf8('12345678')).sign(file, true)
  const renamed = minisign.key.replace(/\S+\n$/, (line) => base64(parseBase64(line.trim()).with(2, 0)))
  await refused(
    t,
    make.rekord('minisign', file, utf8(minisign.signature), utf8(renamed)),
    'SIGNATURE_INVALID',
    'its ID',
  )
  const ssh = new Ssh('ed25519').sign(file, { named: new Ssh('ed25519') })
  await refused(t, make.rekord('ssh', file, utf8(ssh.signature), utf8(ssh.key)), 'SIGNATURE_INVALID', 'its key')
})

t.test('several signatures: each by a key of its own', async (t) => {
  const three = [P384, P256, ED25519]
  const { leaf } = await propose(make.dsse(three))
  const sorted = JSON.parse(parseUtf8(leaf)).spec.signatures.map((one: { signature: string }) => one.signature)
  t.same(sorted, [...sorted].sort(), 'sorted by their text')
  t.equal(sorted.length, 3)
  const text = JSON.stringify(make.envelopeOf(three))
  const by = (keys: readonly Key[]) => {
    const proposal = make.dsse(three, text)
    proposal.spec.proposedContent.verifiers = keys.map(({ spki }) => make.pem64(spki))
    return proposal
  }
  t.same((await propose(by([ED25519, P384, P256, P521]))).leaf, leaf, 'verifiers in any order, and one beyond the last')
  await refused(t, by([P384, P256]), 'SIGNATURE_INVALID', 'a signature without a verifier')
  await refused(t, by([P521, ...three]), 'SIGNATURE_INVALID', 'a verifier without a signature')
  await refused(t, by([P384, P384, P256]), 'SIGNATURE_INVALID', 'one verifier for two signatures')
  await refused(t, make.intotoV1(P256, text), 'SIGNATURE_INVALID', 'intoto 0.0.1 has one')
  t.equal((await propose(make.intotoV2(three))).leaf.length > 0, true)
  await refused(t, make.intotoV2([P256, P256]), 'FIELD_INVALID', 'one key twice')
  const swapped = make.intotoV2([P256, P384])
  const [a, b] = swapped.spec.content.envelope.signatures
  Object.assign(a ?? {}, { publicKey: make.pem64(P384.spki) })
  Object.assign(b ?? {}, { publicKey: make.pem64(P256.spki) })
  await refused(t, swapped, 'SIGNATURE_INVALID', "with each other's keys")
})

t.test('another payload, another type', async (t) => {
  for (const change of [{ payload: base64(utf8('{}')) }, { payloadType: 'text/plain' }]) {
    const text = JSON.stringify({ ...make.envelopeOf([P256]), ...change })
    await refused(t, make.dsse([P256], text), 'SIGNATURE_INVALID', 'dsse')
    await refused(t, make.intotoV1(P256, text), 'SIGNATURE_INVALID', 'intoto 0.0.1')
  }
  const proposal = make.intotoV2([P256])
  proposal.spec.content.envelope.payload = base64(utf8(base64(utf8('{}'))))
  await refused(t, proposal, 'SIGNATURE_INVALID', 'intoto 0.0.2')
})

t.test('a key that may not sign is named, and no signature is looked at', async (t) => {
  const smallOrder = parseBase64('MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')
  const proposal = make.dsse([P256])
  proposal.spec.proposedContent.verifiers = [make.pem64(smallOrder)]
  await refused(t, proposal, 'KEY_NOT_ALLOWED', 'a point of small order')
})

t.test('content above the limit is not kept, and found all the same; what is no statement is refused', async (t) => {
  for (const proposal of [make.dsse([P256]), make.intotoV1(P256), make.intotoV2([P256])]) {
    const entry = await propose(proposal, { attachmentLimit: 100 })
    t.same(entry.attachments, [])
    t.same(keysOf(entry, 'attachment').length, STATEMENT_KEYS.length)
  }
  const envelope = JSON.stringify(make.envelopeOf([P256], { payload: utf8('[') }))
  await t.rejects(propose(make.dsse([P256], envelope), { attachmentLimit: 0 }), { code: 'ENVELOPE_MALFORMED' })
})

t.test('an intoto 0.0.1 leaf keeps no payload type: the payload must say that it is a statement', async (t) => {
  const signed = (payloadType: string, payload: string) =>
    make.intotoV1(P256, JSON.stringify(make.envelopeOf([P256], { payloadType, payload: utf8(payload) })))
  const statement = JSON.stringify(make.STATEMENT)
  t.same(keysOf(await propose(signed('text/plain', statement)), 'attachment').length, STATEMENT_KEYS.length)
  t.same(keysOf(await propose(signed('text/plain', '{"subject":[')), 'attachment'), [])
  for (const payload of ['', '[]', '{"subject":[]}', statement.replace('in-toto.io', 'example.org')])
    await refused(t, signed(make.IN_TOTO, payload), 'ENVELOPE_MALFORMED', payload)
})

t.test('a payload that is no statement has no artifacts; one that claims to be is JSON', async (t) => {
  const signed = (payloadType: string, payload: string) =>
    make.dsse([P256], JSON.stringify(make.envelopeOf([P256], { payloadType, payload: utf8(payload) })))
  for (const [type, payload] of [
    ['text/plain', '{"subject":[{"digest":{"sha256":"ab"}}]}'],
    [make.IN_TOTO, '[]'],
    [make.IN_TOTO, '{"subject":{},"predicate":[]}'],
    [make.IN_TOTO, '{"subject":[1,{},{"digest":[]},{"digest":{"sha256":1,"a b":"ab","sha1":"xyz"}}]}'],
  ] as const)
    t.same(keysOf(await propose(signed(type, payload)), 'attachment'), [], payload)
  const nanoseconds = JSON.stringify(make.STATEMENT).replace(/}$/, ',"at":1732645678123456789}')
  t.same(keysOf(await propose(signed(make.IN_TOTO, nanoseconds)), 'attachment').length, STATEMENT_KEYS.length)
  for (const payload of ['', 'text', '{"subject":[],"subject":[]}'])
    await refused(t, signed(make.IN_TOTO, payload), 'ENVELOPE_MALFORMED', payload)
  const subject = Array.from({ length: 4097 }, (_, i) => ({ digest: { sha1: i.toString(16).padStart(4, '0') } }))
  await refused(t, signed(make.IN_TOTO, JSON.stringify({ subject })), 'ENVELOPE_MALFORMED', 'more than are indexed')
})
