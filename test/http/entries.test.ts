/** POST /api/v2/log/entries: what is logged and how it is answered. */

import { createHash } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import t from 'tap'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { logId, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { parseJson } from '../../src/formats/json.ts'
import { parseBodyV2 } from '../../src/formats/sigstore/body-v2.ts'
import { parseEntryV2 } from '../../src/formats/sigstore/response-v2.ts'
import { equal, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { verifyInclusion } from '../../src/kernel/proof.ts'
import { openNote } from '../../src/log/signer.ts'
import { command } from '../cli/support.ts'
import { dsse, dsseBody, ecKey, hashedRekord, hashedRekordBody, pae } from './requests.ts'
import { type Answer, ask, postEntry, said, startServer, type TestServer } from './support.ts'

/** The receipt, after everything in it was verified against the log's key. */
async function openReceipt(server: TestServer, answer: Answer) {
  const entry = parseEntryV2(parseJson(answer.bytes))
  const { printed } = await command(['log', 'list', '--data', server.dir, '--json'])
  const vkey = parseVkey((JSON.parse(printed) as { vkey: string }[])[0]?.vkey ?? '')
  const { treeSize: size, rootHash: root, hashes, checkpoint } = entry.inclusionProof
  const signed = parseCheckpoint(await openNote(vkey, utf8(checkpoint)))
  if (signed.size !== size || !equal(signed.root, root)) throw new Error('the proof is against another checkpoint')
  if (!equal(entry.logId, logId(vkey.name, vkey.publicKey))) throw new Error('another log ID')
  verifyInclusion(leafHash(entry.canonicalizedBody), entry.logIndex, { size, root }, hashes)
  return { ...entry, body: parseBodyV2(entry.canonicalizedBody) }
}

t.test('accepted', async (t) => {
  const server = await startServer(t)
  let index = 0
  for (const curve of ['P-256', 'P-384', 'P-521'] as const) {
    const key = ecKey(curve)
    const request = hashedRekord(key)
    const answer = await postEntry(server, JSON.stringify({ hashedRekordRequestV002: request }))
    t.equal(answer.status, 201, curve)
    const { body, logIndex, kindVersion } = await openReceipt(server, answer)
    t.equal(logIndex, index++)
    t.same(kindVersion, { kind: 'hashedrekord', version: '0.0.2' })
    t.same(
      [
        Buffer.from(body.digest).toString('base64'),
        Buffer.from(body.signature).toString('base64'),
        body.verifier.keyDetails,
      ],
      [request.digest, request.signature.content, key.keyDetails],
      `${curve}: the leaf says what was sent`,
    )
  }
  const key = ecKey()
  const request = hashedRekord(key, Buffer.from('spellings'))
  const { signature } = request
  const { publicKey, keyDetails } = signature.verifier
  const url = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  const spellings = {
    plain: { hashedRekordRequestV002: request },
    'snake_case and an enum by number': {
      hashed_rekord_request_v002: {
        digest: request.digest,
        signature: {
          content: signature.content,
          verifier: { public_key: { raw_bytes: publicKey.rawBytes }, key_details: 5 },
        },
      },
    },
    'URL-safe base64 without padding': {
      hashedRekordRequestV002: {
        digest: url(request.digest),
        signature: {
          content: url(signature.content),
          verifier: { publicKey: { rawBytes: url(publicKey.rawBytes) }, keyDetails },
        },
      },
    },
    'null for unset': {
      dsseRequestV002: null,
      hashedRekordRequestV002: {
        ...request,
        signature: { ...signature, verifier: { ...signature.verifier, x509Certificate: null } },
      },
    },
  }
  for (const [name, spelled] of Object.entries(spellings)) {
    const answer = await postEntry(server, JSON.stringify(spelled))
    t.equal(answer.status, 201, name)
    t.equal((await openReceipt(server, answer)).logIndex, index, `${name}: the same leaf`)
  }
  t.equal(
    (await postEntry(server, hashedRekordBody(key), { 'content-type': 'Application/JSON; charset=utf-8' })).status,
    201,
  )
})

t.test('a repeat gets the first one’s index', async (t) => {
  const server = await startServer(t)
  const bodies = Array.from({ length: 5 }, () => hashedRekordBody(ecKey()))
  const first = await Promise.all(bodies.map((body) => postEntry(server, body)))
  const again = await Promise.all([...bodies, ...bodies].map((body) => postEntry(server, body)))
  t.same(
    again.map((answer) => answer.status),
    again.map(() => 201),
  )
  const indexOf = (answer: Answer | undefined) => (JSON.parse(answer?.text ?? '') as { logIndex: string }).logIndex
  t.same(again.map(indexOf), [...first, ...first].map(indexOf))
  for (const answer of again) await openReceipt(server, answer)
  t.match((await ask(server, '/checkpoint')).text, /^localhost\n5\n/, 'and is not logged again')
  t.equal(again[0]?.headers['x-log-index'], undefined)
})

t.test('a repeat under --duplicates conflict', async (t) => {
  const server = await startServer(t, ['--duplicates', 'conflict'])
  const [one, two] = [hashedRekordBody(ecKey()), hashedRekordBody(ecKey())]
  for (const body of [one, two]) t.equal((await postEntry(server, body)).status, 201)
  const answer = await postEntry(server, two)
  t.equal(said(answer), '409 ENTRY_EXISTS an equivalent entry already exists in the transparency log with index 1')
  t.equal(answer.headers['x-log-index'], '1')
  t.equal((JSON.parse(answer.text) as { code: number }).code, 6, 'ALREADY_EXISTS of gRPC')
  const race = hashedRekordBody(ecKey())
  const statuses = (await Promise.all(Array.from({ length: 8 }, () => postEntry(server, race)))).map(
    ({ status }) => status,
  )
  t.same(statuses.sort(), [201, 409, 409, 409, 409, 409, 409, 409], 'of equal ones at the same time one is the first')
})

t.test('a DSSE envelope is logged as hashedrekord over its PAE, which is kept', async (t) => {
  const server = await startServer(t, ['--attachment-limit', '1000'])
  const [key, payload] = [ecKey(), Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')]
  const request = dsse(key, payload)
  const answer = await postEntry(server, JSON.stringify({ dsseRequestV002: request }))
  t.equal(answer.status, 201)
  const { body, kindVersion } = await openReceipt(server, answer)
  const encoded = pae(request.envelope.payloadType, payload)
  const digest = createHash('sha256').update(encoded).digest()
  t.equal(kindVersion.kind, 'hashedrekord')
  t.same(Buffer.from(body.digest), digest)
  t.equal(Buffer.from(body.signature).toString('base64'), request.envelope.signatures[0]?.sig)
  const hashed = hashedRekord(key, encoded)
  hashed.signature.content = request.envelope.signatures[0]?.sig ?? ''
  const same = await postEntry(server, JSON.stringify({ hashedRekordRequestV002: hashed }))
  t.equal((await openReceipt(server, same)).logIndex, 0, 'the digest alone makes the same leaf')
  t.equal(
    (await postEntry(server, dsseBody(key, Buffer.alloc(1000)))).status,
    201,
    'over the limit it is logged all the same',
  )
  await server.stop()
  const db = new Sqlite(`${server.dir}/log.db`, { readonly: true })
  t.same(db.prepare('SELECT algorithm, digest, content FROM attachment').all(), [
    { algorithm: 'sha256', digest, content: encoded },
  ])
  db.close()
})

const key = ecKey()
const good = hashedRekordBody(key)
const parsed = () => ({ hashedRekordRequestV002: hashedRekord(key) })
/** The good request with one string in its text replaced. */
const but = (from: string | RegExp, to: string) => {
  const text = good.replace(from, to)
  if (text === good) throw new Error(`nothing to replace: ${from}`)
  return text
}
const with_ = (change: (request: ReturnType<typeof parsed>['hashedRekordRequestV002']) => unknown) => {
  const request = parsed()
  change(request.hashedRekordRequestV002)
  return JSON.stringify(request)
}
const withEnvelope = (change: (request: ReturnType<typeof dsse>) => unknown) => {
  const request = dsse(key, Buffer.from('payload'))
  change(request)
  return JSON.stringify({ dsseRequestV002: request })
}
const deep = (count: number, text: string) => `${text.repeat(count)}1${(text.endsWith('[') ? ']' : '}').repeat(count)}`

const REFUSED: readonly [name: string, body: string | Uint8Array, expected: RegExp][] = [
  ['not JSON', 'signature=1', /^400 JSON_MALFORMED the document: unexpected character, at character 0$/],
  ['half a document', '{"hashedRekordRequestV002":', /^400 JSON_MALFORMED hashedRekordRequestV002: unexpected end/],
  ['two documents', `${good}{}`, /^400 JSON_MALFORMED /],
  ['a byte order mark', `\ufeff${good}`, /^400 JSON_MALFORMED /],
  ['a trailing comma', but('}}}', '},}}'), /^400 JSON_MALFORMED /],
  ['a comment', `/**/${good}`, /^400 JSON_MALFORMED /],
  [
    'invalid UTF-8',
    Buffer.concat([Buffer.from('{"'), Buffer.from([0xff]), Buffer.from('":1}')]),
    /^400 UTF8_MALFORMED not valid UTF-8$/,
  ],
  ['an overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /^400 UTF8_MALFORMED /],
  ['a UTF-8 surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /^400 UTF8_MALFORMED /],
  ['a lone escaped surrogate', '{"a":"\\ud800"}', /^400 JSON_MALFORMED a: lone surrogate/],
  ['UTF-16', Buffer.from(good, 'utf16le'), /^400 JSON_MALFORMED /],
  ['arrays 100,000 deep', deep(100_000, '['), /^400 JSON_TOO_DEEP .*nested deeper than 32/],
  [
    'a million empty objects',
    `{"a":[${'{},'.repeat(1_000_000)}{}]}`,
    /^400 JSON_TOO_LARGE .*a\[\d+\].*too many values/,
  ],
  ['objects 100,000 deep', deep(100_000, '{"a":'), /^400 JSON_TOO_DEEP /],
  [
    'a duplicate key',
    but('"digest":', '"digest":"","digest":'),
    /^400 JSON_DUPLICATE_KEY hashedRekordRequestV002.digest/,
  ],
  ['a duplicate key, escaped', but('"digest":', '"di\\u0067est":"","digest":'), /^400 JSON_DUPLICATE_KEY /],
  [
    'both spellings of a field',
    but('"keyDetails":', '"key_details":5,"keyDetails":'),
    /^400 FIELD_INVALID .*are one field/,
  ],
  [
    '__proto__',
    but('"digest":', '"__proto__":{},"digest":'),
    /^400 FIELD_UNKNOWN hashedRekordRequestV002.__proto__: no such field$/,
  ],
  [
    'an unknown field',
    but('"digest":', '"a":1,"digest":'),
    /^400 FIELD_UNKNOWN hashedRekordRequestV002.a: no such field$/,
  ],
  ['an unknown field at the top', but('{', '{"a":1,'), /^400 FIELD_UNKNOWN a: no such field$/],
  ['another case', but('"digest"', '"Digest"'), /^400 FIELD_MISSING hashedRekordRequestV002.digest: missing$/],
  ['an array', '[]', /^400 FIELD_INVALID the document: an object was expected$/],
  ['null', 'null', /^400 FIELD_INVALID the document: an object was expected$/],
  ['a string', '"a"', /^400 FIELD_INVALID the document: an object was expected$/],
  [
    'an empty object',
    '{}',
    /^400 FIELD_MISSING hashedRekordRequestV002 or dsseRequestV002 or identityRequestV001: missing$/,
  ],
  [
    'both kinds',
    good.replace(/}$/, `,${dsseBody(key, Buffer.from('a')).slice(1)}`),
    /^400 FIELD_INVALID dsseRequestV002: not together with hashedRekordRequestV002$/,
  ],
  ['an identity request', '{"identityRequestV001":{}}', /^400 FIELD_INVALID identityRequestV001: .*not supported/],
  ['no digest', with_((r) => Reflect.deleteProperty(r, 'digest')), /^400 FIELD_MISSING hashedRekordRequestV002.digest/],
  [
    'a digest of nothing',
    with_((r) => Object.assign(r, { digest: '' })),
    /^400 FIELD_MISSING hashedRekordRequestV002.digest/,
  ],
  [
    'a number where bytes belong',
    with_((r) => Object.assign(r, { digest: 1 })),
    /^400 FIELD_INVALID hashedRekordRequestV002.digest: a string was expected$/,
  ],
  [
    'an enum number as a string',
    but('"PKIX_ECDSA_P256_SHA_256"', '"5"'),
    /^400 FIELD_INVALID .*keyDetails: no such value/,
  ],
  [
    'an enum that is not there',
    but('"PKIX_ECDSA_P256_SHA_256"', '999'),
    /^400 FIELD_INVALID .*keyDetails: no such value/,
  ],
  ['an enum that is a fraction', but('"PKIX_ECDSA_P256_SHA_256"', '5.5'), /^400 JSON_NUMBER_UNSAFE /],
  ['an integer above 2^53', but('"PKIX_ECDSA_P256_SHA_256"', '9007199254740993'), /^400 JSON_NUMBER_UNSAFE /],
  [
    'hex for base64',
    with_((r) => Object.assign(r, { digest: Buffer.from(r.digest, 'base64').toString('hex') })),
    /^400 DIGEST_LENGTH_INVALID .*not 48$/,
  ],
  [
    'base64 with white space',
    but(/"digest":"(..)/, '"digest":"$1\\n'),
    /^400 FIELD_INVALID hashedRekordRequestV002.digest: not standard padded base64/,
  ],
  [
    'base64 half padded',
    with_((r) => Object.assign(r, { signature: { ...r.signature, content: 'QQ=' } })),
    /^400 FIELD_INVALID .*content: not standard padded base64/,
  ],
  [
    'base64 over-padded',
    with_((r) => Object.assign(r, { signature: { ...r.signature, content: 'QQ======' } })),
    /^400 FIELD_INVALID .*content: not standard padded base64/,
  ],
  [
    'base64 with bits to spare',
    with_((r) => Object.assign(r, { signature: { ...r.signature, content: 'QR==' } })),
    /^400 FIELD_INVALID .*content: .*non-zero bits/,
  ],
  [
    'base64 of both alphabets',
    with_((r) => Object.assign(r, { signature: { ...r.signature, content: '-_+/' } })),
    /^400 FIELD_INVALID .*content/,
  ],
  [
    'a digest of 31 bytes',
    with_((r) => Object.assign(r, { digest: Buffer.alloc(31).toString('base64') })),
    /^400 DIGEST_LENGTH_INVALID /,
  ],
  [
    'another digest',
    with_((r) => Object.assign(r, { digest: Buffer.alloc(32).toString('base64') })),
    /^400 SIGNATURE_INVALID /,
  ],
  [
    'a signature that is not DER',
    with_((r) => Object.assign(r.signature, { content: 'AAAA' })),
    /^400 SIGNATURE_INVALID /,
  ],
  [
    'a key that is not DER',
    with_((r) => Object.assign(r.signature.verifier, { publicKey: { rawBytes: 'AAAA' } })),
    /^400 (DER|KEY)_MALFORMED /,
  ],
  [
    'a key of another algorithm',
    with_((r) => Object.assign(r.signature.verifier, { keyDetails: 'PKIX_ECDSA_P384_SHA_384' })),
    /^400 KEY_NOT_ALLOWED /,
  ],
  [
    'an algorithm that is not taken',
    with_((r) => Object.assign(r.signature.verifier, { keyDetails: 'PKIX_RSA_PSS_2048_SHA256' })),
    /^400 ALGORITHM_NOT_ALLOWED /,
  ],
  [
    'no key',
    with_((r) => Reflect.deleteProperty(r.signature.verifier, 'publicKey')),
    /^400 FIELD_MISSING .*publicKey or x509Certificate: missing$/,
  ],
  [
    'a certificate that is none',
    with_((r) =>
      Object.assign(r.signature, { verifier: { x509Certificate: { rawBytes: 'MAA=' }, keyDetails: key.keyDetails } }),
    ),
    /^400 (CERTIFICATE|DER)_MALFORMED /,
  ],
  [
    'an envelope without a signature',
    withEnvelope((r) => Object.assign(r.envelope, { signatures: [] })),
    /^400 FIELD_INVALID dsseRequestV002.envelope.signatures: 1 to 10 items, not 0$/,
  ],
  [
    'an envelope with two',
    withEnvelope((r) => r.envelope.signatures.push(...r.envelope.signatures)),
    /^400 FIELD_INVALID dsseRequestV002.envelope.signatures: 2 given, exactly one is taken/,
  ],
  [
    'an envelope with eleven',
    withEnvelope((r) => Object.assign(r.envelope, { signatures: Array(11).fill({ sig: 'AAAA' }) })),
    /^400 FIELD_INVALID dsseRequestV002.envelope.signatures: 1 to 10 items, not 11$/,
  ],
  [
    'two verifiers',
    withEnvelope((r) => r.verifiers.push(...r.verifiers)),
    /^400 FIELD_INVALID dsseRequestV002.verifiers: 2 given/,
  ],
  ['another payload', withEnvelope((r) => Object.assign(r.envelope, { payload: 'AAAA' })), /^400 SIGNATURE_INVALID /],
  [
    'another payload type',
    withEnvelope((r) => Object.assign(r.envelope, { payloadType: 'text/plain' })),
    /^400 SIGNATURE_INVALID /,
  ],
  [
    '4 MiB and a byte',
    Buffer.alloc(4 * 2 ** 20 + 1, ' '),
    /^413 BODY_TOO_LARGE Request Entity Too Large. Limit set to 4194304$/,
  ],
  [
    '4 MiB of nothing',
    Buffer.alloc(4 * 2 ** 20, ' '),
    /^400 JSON_MALFORMED the document: unexpected end, at character 4194304$/,
  ],
]

t.test('refused', async (t) => {
  const server = await startServer(t)
  t.equal((await postEntry(server, good)).status, 201, 'what is changed below is good as it is')
  for (const [name, body, expected] of REFUSED) {
    const answer = await postEntry(server, body)
    t.match(said(answer), expected, name)
    t.ok(answer.text.length < 600, `${name}: an answer of ${answer.text.length} bytes`)
    t.equal((JSON.parse(answer.text) as { code: number }).code, 3, `${name}: INVALID_ARGUMENT of gRPC`)
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json', 'x', ''])
    t.match(said(await postEntry(server, good, { 'content-type': type })), /^415 BODY_TYPE /, `type ${type}`)
  t.match((await ask(server, '/checkpoint')).text, /^localhost\n1\n/, 'and nothing was logged')
})

t.test('every flipped bit of a signature, digest or key is refused', async (t) => {
  const server = await startServer(t)
  const flip = (text: string, bit: number) => {
    const bytes = Buffer.from(text, 'base64')
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return bytes.toString('base64')
  }
  const request = hashedRekord(key)
  const { signature } = request
  const { verifier } = signature
  const { rawBytes } = verifier.publicKey
  const bits = (text: string) => Array.from({ length: Buffer.from(text, 'base64').length * 8 }, (_, bit) => bit)
  const flipped = [
    ...bits(request.digest).map((bit) => ({ ...request, digest: flip(request.digest, bit) })),
    ...bits(signature.content).map((bit) => ({
      ...request,
      signature: { ...signature, content: flip(signature.content, bit) },
    })),
    ...bits(rawBytes).map((bit) => ({
      ...request,
      signature: { ...signature, verifier: { ...verifier, publicKey: { rawBytes: flip(rawBytes, bit) } } },
    })),
  ]
  const statuses = await Promise.all(
    flipped.map(async (each) => (await postEntry(server, JSON.stringify({ hashedRekordRequestV002: each }))).status),
  )
  t.same(new Set(statuses), new Set([400]), `${statuses.length} requests`)
  t.match((await ask(server, '/checkpoint')).text, /^localhost\n0\n/)
})

/** SEQUENCE or another tag, with its length. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size =
    content.length < 128
      ? [content.length]
      : content.length < 256
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** A certificate over the key, made long by what stands in place of the issuer's signature. */
function certificateOf(spki: Uint8Array, signatureBytes: number): Buffer {
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = der(0x30)
  const validity = der(0x30, der(0x17, Buffer.from('260101000000Z')), der(0x17, Buffer.from('270101000000Z')))
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const tbs = der(0x30, version, der(0x02, Buffer.from([1])), algorithm, name, validity, name, spki)
  return der(0x30, tbs, algorithm, der(0x03, Buffer.alloc(signatureBytes + 1)))
}

t.test('a leaf has 65,535 bytes at most', async (t) => {
  const server = await startServer(t)
  const { digest, signature } = hashedRekord(key)
  const send = (signatureBytes: number) => {
    const x509Certificate = { rawBytes: certificateOf(key.spki, signatureBytes).toString('base64') }
    const verifier = { x509Certificate, keyDetails: key.keyDetails }
    return postEntry(
      server,
      JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content: signature.content, verifier } } }),
    )
  }
  const small = await send(45_000)
  t.equal(small.status, 201)
  const { canonicalizedBody } = await openReceipt(server, small)
  const room = Math.floor((65_535 - canonicalizedBody.length) / 4) * 3
  const most = await send(45_000 + room)
  t.equal(most.status, 201)
  const longest = (await openReceipt(server, most)).canonicalizedBody.length
  t.ok(longest > 65_530 && longest <= 65_535, `a leaf of ${longest} bytes`)
  t.match(said(await send(45_000 + room + 3)), /^413 ENTRY_TOO_LARGE a leaf of 655\d\d bytes; at most 65535 fit/)
  t.equal((await ask(server, '/tile/entries/000.p/2')).status, 200, 'the bundle holds them')
  const answer = await postEntry(server, dsseBody(key, Buffer.alloc(3_000_000)))
  t.equal(answer.status, 201, 'the payload is not in the leaf')
  t.ok((await openReceipt(server, answer)).canonicalizedBody.length < 1000)
})
