/** The known ways to hurt a Rekor v1 server, each answered with a bounded error; and the log goes on. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { formatDer, formatOid, TAG } from '../../../src/formats/pki/der.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { REKOR_V1_DRESS } from '../../../src/http/rekor-v1/errors.ts'
import { base64, concat, parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { certificateFor, P256, P384, vector } from '../../dialects/rekor-v2/support.ts'
import { type Answer, ask } from '../support.ts'
import { ENTRIES, json, post, said, startServer, type Tap } from './support.ts'

t.teardown(closeCrypto)

const RETRIEVE = `${ENTRIES}/retrieve`
const INDEX = '/api/v1/index/retrieve'
const MILLION = 1_000_000
/** Far above what any of these takes on a busy machine, and far below what a million of anything takes squared. */
const PATIENCE_MS = 60_000
const server = await startServer(t)

const treeSize = async () => ((await json(server, '/api/v1/log')) as { treeSize: number }).treeSize

/** What is answered, in time, in few words, and never as our fault. */
async function bounded({ ok }: Pick<Tap, 'ok'>, name: string, asking: Promise<Answer>): Promise<string> {
  const before = performance.now()
  const answer = await asking
  const took = performance.now() - before
  ok(took < PATIENCE_MS, `${name}: ${Math.round(took)} ms`)
  ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`)
  ok(answer.text.length < 1000, `${name}: ${answer.text.length} characters`)
  return said(answer)
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const bomb = base64(gzipSync(new Uint8Array(50 * MILLION)))
const jar = base64(concat(utf8('PK\u0003\u0004'), new Uint8Array(MILLION)))

const sequence = (...parts: readonly Uint8Array[]) => formatDer(TAG.sequence, ...parts)
const time = (text: string) => formatDer(TAG.utcTime, utf8(text))

/** A certificate of P256's key with these extensions; nobody's signature. */
function certificate(...extensions: readonly Uint8Array[]): Uint8Array {
  const algorithm = sequence(formatOid('1.2.840.10045.4.3.2'))
  const tbs = sequence(
    formatDer(0xa0, formatDer(TAG.integer, Uint8Array.of(2))),
    formatDer(TAG.integer, Uint8Array.of(1)),
    algorithm,
    sequence(),
    sequence(time('260101000000Z'), time('270101000000Z')),
    sequence(),
    P256.spki,
    formatDer(0xa3, sequence(...extensions)),
  )
  return sequence(tbs, algorithm, formatDer(TAG.bitString, Uint8Array.of(0, 1)))
}

function names(count: number): Uint8Array {
  const email = formatDer(0x81, utf8('a@example.com'))
  const value = sequence(concat(...Array.from({ length: count }, () => email)))
  return sequence(formatOid('2.5.29.17'), formatDer(TAG.octetString, value))
}

function deep(levels: number): Uint8Array {
  let der: Uint8Array = formatDer(TAG.null)
  for (let level = 0; level < levels; level++) der = sequence(der)
  return der
}

const byCertificate = (der: Uint8Array) => make.hashedRekord(P256, make.pem64(der, 'CERTIFICATE'))
const byKey = (text: string) => make.hashedRekord(P256, base64(utf8(text)))
const kind = (name: string, spec: object) => ({ apiVersion: '0.0.1', kind: name, spec })
const envelope = (change: object) => make.dsse([P256], JSON.stringify({ ...make.envelopeOf([P256]), ...change }))
const stating = (payload: string) =>
  make.dsse([P256], JSON.stringify(make.envelopeOf([P256], { payload: utf8(payload) })))
const signed = (count: number) => {
  const { signatures } = make.envelopeOf([P256])
  return Array.from({ length: count }, () => signatures[0])
}
const HELLO = vector('ssh/hello_world.txt')
const rekordOf = (format: string, signature: string, key: string) =>
  make.rekord(format, HELLO, utf8(signature), utf8(key))

/** Refused when it is to be logged; asked for, it is not there. */
const LONG_LEAF = longLeaf()

/** Who found it first, what is sent, what is said. */
const ATTACKS: readonly (readonly [name: string, proposal: unknown, said: RegExp])[] = [
  ['CVE-2023-30551: a large META-INF', kind('jar', { archive: { content: jar } }), /^400 400 .*'jar' is not enabled/],
  [
    'CVE-2023-30551: a large .SIGN',
    kind('alpine', { package: { content: bomb } }),
    /^400 400 .*'alpine' is not enabled/,
  ],
  ['rekor#2831: decompression', kind('rpm', { package: { content: bomb } }), /^400 400 .*'rpm' is not enabled/],
  ['a helm chart', kind('helm', { chart: { provenance: { content: bomb } } }), /^400 400 .*'helm' is not enabled/],
  [
    'a gzip bomb for a file',
    make.rekord('pgp', HELLO, utf8(bomb), utf8('')),
    /^400 400 .*must be "x509" or "minisign"/,
  ],
  ['a PGP key ring', byKey(`-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${bomb}`), /^400 400 .*not PEM/],
  [
    'GHSA-273p-m2cw-6833: an empty COSE message',
    kind('cose', { message: '', publicKey: make.pem64(P256.spki), data: {} }),
    /^400 400 .*the COSE message is missing/,
  ],
  [
    'CVE-2023-33199: intoto without an envelope',
    { ...kind('intoto', { content: {} }), apiVersion: '0.0.2' },
    /^400 400 /,
  ],
  [
    'rekor#823: 1,000 certificates',
    byKey(formatPem(certificateFor(P256, 'cert-email-p256'), 'CERTIFICATE').repeat(1000)),
    /^400 400 .*several blocks/,
  ],
  [
    'a certificate of 1 MB',
    byCertificate(certificate(sequence(formatOid('1.2.3'), formatDer(TAG.octetString, new Uint8Array(MILLION))))),
    /^400 400 .*a certificate of 1000\d+ bytes/,
  ],
  ['10,000 subject names', byCertificate(certificate(names(10_000))), /^400 400 .*a certificate of \d+ bytes/],
  ['1,000 subject names', byCertificate(certificate(names(1000))), /^400 400 .*more than 64 subject names/],
  [
    '1,000 extensions',
    byCertificate(
      certificate(
        ...Array.from({ length: 1000 }, (_, i) => sequence(formatOid(`1.2.${i}`), formatDer(TAG.octetString))),
      ),
    ),
    /^400 400 .*more than 64 extensions/,
  ],
  ['deep ASN.1', byCertificate(deep(5000)), /^400 400 .*(nested too deeply|missing|tag)/],
  ['deep ASN.1 in a certificate', byCertificate(certificate(deep(3000))), /^400 400 .*nested too deeply/],
  ['indefinite lengths', byCertificate(parseHex('3080'.repeat(1000))), /^400 400 .*indefinite length/],
  [
    'a key of 3 MB',
    byKey(formatPem(new Uint8Array(2 * MILLION), 'PUBLIC KEY')),
    /^400 400 .*a public key of 2000000 bytes/,
  ],
  ['RSA-16384', byKey(formatPem(rsaKey(16_384), 'PUBLIC KEY')), /^400 400 .*a public key of \d+ bytes/],
  ['RSA-8192', byKey(formatPem(rsaKey(8192), 'PUBLIC KEY')), /^400 400 .*RSA key of 8192 bits/],
  ['an SSH key of 3 MB', rekordOf('ssh', 'x', `ssh-ed25519 AAAA${' '.repeat(2 * MILLION)}\nx`), /^400 400 /],
  ['a minisign key of line ends', rekordOf('minisign', `x${'\n'.repeat(MILLION)}x`, '\n'.repeat(MILLION)), /^400 400 /],
  ['white space for a key', byKey(`${' \n'.repeat(MILLION)}x`), /^400 400 /],
  ['dashes for a key', byKey('-----BEGIN '.repeat(200_000)), /^400 400 /],
  ['a block without an end', byKey(`-----BEGIN PUBLIC KEY-----\n${'A'.repeat(2 * MILLION)}`), /^400 400 /],
  ['deep JSON', `{"kind":${nested(100_000)}}`, /^400 400 .*enclose|deep/],
  ['deep JSON in an envelope', make.dsse([P256], `{"payload":${nested(100_000)}}`), /^400 400 .*deep|enclose/],
  ['deep JSON in a statement', stating(nested(100_000)), /^400 400 .*in-toto payload/],
  ['2,000 values', `[${'1,'.repeat(2000)}1]`, /^400 400 .*values/],
  ['equal keys', '{"kind":"hashedrekord","kind":"dsse"}', /^400 400 .*twice|duplicate/],
  ['__proto__', '{"__proto__":{"kind":"hashedrekord"}}', /^422 602 kind/],
  ['a kind of 3 MB', { kind: 'a'.repeat(3 * MILLION) }, /^422 422 invalid kind value: "a{64}"$/],
  ['a version of 3 MB', { ...make.hashedRekord(P256), apiVersion: '9'.repeat(3 * MILLION) }, /^400 400 /],
  ['rekor-tiles#684: 11 signatures', envelope({ signatures: signed(11) }), /^400 400 .*1 to 10 items, not 11/],
  ['M × N: keys that all fail', manyKeys(), /^400 400 .*verifiers\[0\]: no signature of the envelope is by this key/],
  ['5,000 subjects', stating(statementOf(5000)), /^400 400 .*names 5000 digests/],
  ['rekor#2808: an SBOM of 5 MB', envelope({ payload: 'A'.repeat(5 * MILLION) }), /^413 413 Request Entity Too Large/],
  ['a key ID that makes a long leaf', LONG_LEAF, /^413 413 a leaf of \d+ bytes/],
]

function rsaKey(bits: number): Uint8Array {
  const modulus = new Uint8Array(bits / 8).fill(0xff)
  const numbers = sequence(
    formatDer(TAG.integer, Uint8Array.of(0), modulus),
    formatDer(TAG.integer, Uint8Array.of(1, 0, 1)),
  )
  const algorithm = sequence(formatOid('1.2.840.113549.1.1.1'), formatDer(TAG.null))
  return sequence(algorithm, formatDer(TAG.bitString, Uint8Array.of(0), numbers))
}

function manyKeys() {
  const proposal = envelope({
    signatures: Array.from({ length: 10 }, (_, i) => ({ ...signed(1)[0], sig: base64(Uint8Array.of(i)) })),
  })
  proposal.spec.proposedContent.verifiers = Array(10).fill(make.pem64(P384.spki))
  return proposal
}

function statementOf(subjects: number): string {
  const subject = Array.from({ length: subjects }, (_, i) => ({
    name: 'a',
    digest: { sha256: i.toString(16).padStart(64, '0') },
  }))
  return JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject })
}

function longLeaf() {
  const proposal = make.intotoV2([P256])
  Object.assign(proposal.spec.content.envelope.signatures[0] ?? {}, { keyid: 'a'.repeat(65_000) })
  return proposal
}

t.test('each is refused', async (t) => {
  const before = await treeSize()
  for (const [name, proposal, message] of ATTACKS) {
    t.match(await bounded(t, name, post(server, ENTRIES, proposal)), message, name)
    if (typeof proposal === 'string' || proposal === LONG_LEAF) continue
    const asked = await bounded(t, `${name}, asked for`, post(server, RETRIEVE, { entries: [proposal] }))
    t.match(asked, /^4/, `${name}, asked for`)
  }
  t.equal(await treeSize(), before)
})

t.test('questions too', async (t) => {
  const key = (content: string, format = 'x509') => ({ publicKey: { format, content } })
  for (const [name, path, query, message] of [
    ['CVE: a key by URL', INDEX, { publicKey: { format: 'x509', url: 'http://169.254.169.254/' } }, /^422 602 /],
    ['a PGP key', INDEX, key(bomb, 'pgp'), /^400 400 the PKI format requested is not supported/],
    ['a TUF root', INDEX, key(bomb, 'tuf'), /^400 400 the PKI format requested is not supported/],
    ['a key of 3 MB', INDEX, key(base64(new Uint8Array(2 * MILLION))), /^400 400 /],
    ['a subject of 3 MB', INDEX, { subject: 'a'.repeat(3 * MILLION) }, /^422 603 /],
    ['a hash of 3 MB', INDEX, { hash: 'a'.repeat(3 * MILLION) }, /^422 605 /],
    ['a million questions', RETRIEVE, { logIndexes: Array(MILLION).fill(0) }, /^400 400 .*values/],
    ['1,000 questions', RETRIEVE, { logIndexes: Array(1000).fill(0) }, /^422 611 /],
    [
      '30 questions',
      RETRIEVE,
      { logIndexes: Array(10).fill(0), entryUUIDs: Array(10).fill('ab'.repeat(32)) },
      /^422 611 /,
    ],
    ['deep JSON', INDEX, `{"email":${nested(100_000)}}`, /^400 400 /],
    ['indexes beyond 2^53', RETRIEVE, '{"logIndexes":[9007199254740993]}', /^400 400 /],
    ['an index of 1e400', RETRIEVE, '{"logIndexes":[1e400]}', /^400 400 /],
  ] as const)
    t.match(await bounded(t, name, post(server, path, query)), message, name)
  for (const path of [
    'proof?lastSize=9223372036854775808',
    `proof?lastSize=${'9'.repeat(5000)}`,
    `entries/${'a'.repeat(500)}`,
  ])
    t.match(await bounded(t, path.slice(0, 40), ask(server, `/api/v1/log/${path}`)), /^4/)
  const zipped = { 'content-encoding': 'gzip' }
  const answer = ask(server, ENTRIES, { method: 'POST', body: gzipSync(new Uint8Array(MILLION)), headers: zipped })
  t.match(await bounded(t, 'a body that is zipped', answer), /^415 415 /)
})

/** A listener that should never hear anything. */
async function trap(): Promise<{ url: string; heard: () => number }> {
  let heard = 0
  const listener = createServer((_, response) => {
    heard++
    response.end()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  t.teardown(() => listener.close())
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/key`, heard: () => heard }
}

t.test('GHSA-4c4x-jm2x-pf9j: nothing is fetched from where a request says', async (t) => {
  const { url, heard } = await trap()
  const rekord = (change: (spec: ReturnType<typeof make.rekordBy>['spec']) => object) => {
    const proposal = make.rekordBy(P256)
    change(proposal.spec)
    return proposal
  }
  const noUrl = /nothing is fetched from a URL/
  for (const [path, body, message] of [
    [INDEX, { publicKey: { format: 'x509', url } }, /^422 602 /],
    [ENTRIES, rekord((spec) => Object.assign(spec, { data: { url } })), noUrl],
    [
      ENTRIES,
      rekord((spec) =>
        Object.assign(spec.data, { content: null, url, hash: { algorithm: 'sha256', value: 'ab'.repeat(32) } }),
      ),
      noUrl,
    ],
    [ENTRIES, rekord((spec) => Object.assign(spec.signature, { content: null, url })), noUrl],
    [ENTRIES, rekord((spec) => Object.assign(spec.signature, { publicKey: { url } })), noUrl],
    [ENTRIES, kind('hashedrekord', { data: { url }, signature: { url } }), /spec.data.hash: missing/],
    [ENTRIES, kind('helm', { chart: { provenance: { url } } }), /is not enabled/],
    [ENTRIES, kind('tuf', { metadata: { url } }), /is not enabled/],
  ] as const)
    t.match(await bounded(t, JSON.stringify(body).slice(0, 60), post(server, path, body)), message)
  t.equal(heard(), 0, 'nobody asked')
})

/** Asks for it ten times over, and takes nothing of the answer but its status. */
async function leaveLying(port: number, id: string): Promise<{ socket: Socket; status: string }> {
  const body = JSON.stringify({ entryUUIDs: Array(10).fill(id) })
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
  socket.write(
    `POST ${RETRIEVE} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await once(socket, 'readable')
  return { socket, status: String(socket.read('HTTP/1.1 200'.length)) }
}

t.test('what was attested fills no memory where readers leave it lying', async (t) => {
  const payload = utf8(JSON.stringify({ predicate: 'x'.repeat(MILLION) }))
  const [id = ''] = Object.keys(JSON.parse((await post(server, ENTRIES, make.intotoV2([P256], { payload }))).text))
  const [small = ''] = Object.keys(JSON.parse((await post(server, ENTRIES, make.hashedRekord(P256))).text))
  const readers = await Promise.all(Array.from({ length: 20 }, () => leaveLying(server.port, id)))
  const answered = readers.filter(({ status }) => status === 'HTTP/1.1 200').length
  t.ok(answered > 5 && answered < 15, `${answered} are answered`)
  t.equal(readers.filter(({ status }) => status === 'HTTP/1.1 503').length, 20 - answered, 'the others put off')
  t.equal((await ask(server, `${ENTRIES}/${small}`)).status, 200, 'small entries are read as before')
  for (const { socket } of readers) socket.destroy()
  const again = async () => (await post(server, RETRIEVE, { entryUUIDs: Array(10).fill(id) })).status
  while ((await again()) === 503) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(await again(), 200, 'and large ones once there is room')
})

const WRONG: readonly unknown[] = [null, true, -1, 1e300, '', 'AAAA', '\u0000', [], {}, [null], [[]], { content: null }]

/** The value with one part replaced by something else, or without it. */
function* mutations(value: unknown): Generator<unknown> {
  yield* WRONG
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      const { [key as never]: _, ...rest } = value
      yield rest
    }
    for (const changed of mutations(part))
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
  }
}

t.test('CVE-2023-33199, GHSA-843x-px86-vq42: parts that are missing or of another type', async (t) => {
  let count = 0
  for (const proposal of [
    make.hashedRekord(P256),
    make.rekordBy(P256),
    rekordOf('ssh', text('ssh/ed25519.sig'), text('ssh/ed25519.pub')),
    rekordOf('minisign', text('minisign/hello_world.txt.minisig'), text('minisign/minisign.pub')),
    make.dsse([P256]),
    make.intotoV1(P256),
    make.intotoV2([P256]),
    make.cose(utf8('not CBOR'), make.pem64(P256.spki), utf8('aad')),
    make.rfc3161(utf8('not DER')),
  ]) {
    const changed = [...mutations(proposal)]
    const answers = await Promise.all(changed.map((one) => post(server, ENTRIES, one)))
    const faults = answers.flatMap(({ status, text }, i) =>
      status === 201 || (status >= 400 && status < 500) ? [] : [`${status} ${text} ${JSON.stringify(changed[i])}`],
    )
    t.same(faults, [], `${proposal.kind}: ${changed.length} changes`)
    count += changed.length
  }
  t.ok(count > 700, `${count} changes`)
})

function text(path: string): string {
  return new TextDecoder().decode(vector(path))
}

t.test('rekor#2801: what is our fault is told without a word of it', (t) => {
  t.equal(REKOR_V1_DRESS.body(500, null), '{"code":500,"message":"internal error"}')
  t.end()
})

t.test('and the log goes on', async (t) => {
  const before = await treeSize()
  t.equal((await post(server, ENTRIES, make.hashedRekord(P384))).status, 201)
  t.equal(await treeSize(), before + 1)
})
