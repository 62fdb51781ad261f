import fc from 'fast-check'
import t from 'tap'
import { type JsonValue, parseJson } from '../../../src/formats/json.ts'
import { formatRequestV2, parseRequestV2 } from '../../../src/formats/sigstore/request-v2.ts'
import { base64 } from '../../../src/kernel/bytes.ts'
import { bytesOf, encode, refusal } from '../support.ts'

const digest = new Uint8Array(32).fill(0xfb)
const signature = Uint8Array.of(0x30, 0xff, 0xfe, 1)
const key = Uint8Array.of(0x30, 0x59, 0x3e, 0x3f)
const verifier = { publicKey: { rawBytes: base64(key) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }
const good = { digest: base64(digest), signature: { content: base64(signature), verifier } }
const parsed = {
  kind: 'hashedrekord',
  digest,
  signature,
  verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', material: { kind: 'publicKey', rawBytes: key } },
}
const parse = (value: unknown) => parseRequestV2(parseJson(encode(JSON.stringify(value))))
const hashed = (change: object) => ({ hashedRekordRequestV002: { ...good, ...change } })
const verifiedBy = (change: object) =>
  hashed({ signature: { ...good.signature, verifier: { ...verifier, ...change } } })
const urlSafe = (bytes: Uint8Array) => base64(bytes).replaceAll('+', '-').replaceAll('/', '_')

t.test('every spelling protojson has for one request', async (t) => {
  const snake = {
    hashed_rekord_request_v002: {
      digest: base64(digest),
      signature: {
        content: base64(signature),
        verifier: { public_key: { raw_bytes: base64(key) }, key_details: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  }
  const spellings: [name: string, request: unknown][] = [
    ['as clients write it', hashed({})],
    ['snake_case', snake],
    ['an enum by its number', verifiedBy({ keyDetails: 5 })],
    ['URL-safe base64', hashed({ digest: urlSafe(digest) })],
    ['base64 without padding', hashed({ digest: base64(digest).replaceAll('=', '') })],
    ['URL-safe base64 without padding', hashed({ digest: urlSafe(digest).replaceAll('=', '') })],
    ['null for what is not set', { ...verifiedBy({ x509Certificate: null }), dsseRequestV002: null }],
  ]
  for (const [name, request] of spellings) t.same(parse(request), parsed, name)
})

t.test('a certificate', async (t) => {
  const request = parse(verifiedBy({ publicKey: null, x509_certificate: { rawBytes: 'MAA=' } }))
  t.match(request, { verifier: { material: { kind: 'x509Certificate', rawBytes: Uint8Array.of(0x30, 0) } } })
})

t.test('a DSSE request', async (t) => {
  const envelope = { payload: 'aGk=', payloadType: 't', signatures: [{ sig: 'AA==', keyid: '' }] }
  t.same(parse({ dsseRequestV002: { envelope, verifiers: [verifier] } }), {
    kind: 'dsse',
    envelope: { payload: encode('hi'), payloadType: 't', signatures: [{ sig: Uint8Array.of(0), keyid: '' }] },
    verifiers: [parsed.verifier],
  })
  const cases: [request: unknown, message: RegExp][] = [
    [{ envelope }, /^FIELD_MISSING dsseRequestV002.verifiers/],
    [{ envelope, verifiers: [] }, /^FIELD_INVALID dsseRequestV002.verifiers: 1 to 10/],
    [{ envelope, verifiers: Array(11).fill(verifier) }, /^FIELD_INVALID dsseRequestV002.verifiers: 1 to 10/],
    [{ envelope: { ...envelope, x: 1 }, verifiers: [verifier] }, /^FIELD_UNKNOWN dsseRequestV002.envelope.x/],
    [{ envelope, verifiers: [{}] }, /^FIELD_MISSING dsseRequestV002.verifiers\[0\].keyDetails/],
  ]
  for (const [request, message] of cases)
    t.match(
      refusal(() => parse({ dsseRequestV002: request })),
      message,
    )
})

t.test('refused, with code, path and reason', async (t) => {
  const at = 'hashedRekordRequestV002'
  const cases: [request: unknown, message: string][] = [
    [null, 'FIELD_INVALID the document: an object was expected'],
    [[], 'FIELD_INVALID the document: an object was expected'],
    [{}, 'FIELD_MISSING hashedRekordRequestV002 or dsseRequestV002 or identityRequestV001: missing'],
    [
      { hashedRekordRequestV002: null },
      'FIELD_MISSING hashedRekordRequestV002 or dsseRequestV002 or identityRequestV001: missing',
    ],
    [
      { identityRequestV001: {} },
      'FIELD_INVALID identityRequestV001: identity entries are not supported; send hashedRekordRequestV002',
    ],
    [{ ...hashed({}), dsseRequestV002: {} }, `FIELD_INVALID dsseRequestV002: not together with ${at}`],
    [{ ...hashed({}), apiVersion: '0.0.2' }, 'FIELD_UNKNOWN apiVersion: no such field'],
    [hashed({ digest: undefined }), `FIELD_MISSING ${at}.digest: missing`],
    [hashed({ digest: '' }), `FIELD_MISSING ${at}.digest: missing`],
    [hashed({ digest: 7 }), `FIELD_INVALID ${at}.digest: a string was expected`],
    [hashed({ digest: [1, 2] }), `FIELD_INVALID ${at}.digest: a string was expected`],
    [hashed({ extra: null, more: 1 }), `FIELD_UNKNOWN ${at}.more: no such field`],
    [hashed({ signature: { verifier } }), `FIELD_MISSING ${at}.signature.content: missing`],
    [hashed({ signature: { content: 'AA==' } }), `FIELD_MISSING ${at}.signature.verifier: missing`],
    [
      verifiedBy({ keyDetails: 'pkix_ecdsa_p256_sha_256' }),
      `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: pkix_ecdsa_p256_sha_256`,
    ],
    [verifiedBy({ keyDetails: '5' }), `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: 5`],
    [verifiedBy({ keyDetails: 0 }), `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: 0`],
    [verifiedBy({ keyDetails: 5.5 }), `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: 5.5`],
    [
      verifiedBy({ keyDetails: 'constructor' }),
      `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: constructor`,
    ],
    [
      verifiedBy({ keyDetails: {} }),
      `FIELD_INVALID ${at}.signature.verifier.keyDetails: no such value: neither a name nor a number`,
    ],
    [verifiedBy({ keyDetails: null }), `FIELD_MISSING ${at}.signature.verifier.keyDetails: missing`],
    [verifiedBy({ publicKey: null }), `FIELD_MISSING ${at}.signature.verifier.publicKey or x509Certificate: missing`],
    [verifiedBy({ publicKey: {} }), `FIELD_MISSING ${at}.signature.verifier.publicKey.rawBytes: missing`],
    [
      verifiedBy({ x509Certificate: {} }),
      `FIELD_INVALID ${at}.signature.verifier.x509Certificate: not together with publicKey`,
    ],
    [
      verifiedBy({ public_key: null }),
      `FIELD_INVALID ${at}.signature.verifier: publicKey and public_key are one field`,
    ],
    [
      verifiedBy({ 'public-key': null, Public_key: 1 }),
      `FIELD_UNKNOWN ${at}.signature.verifier.Public_key: no such field`,
    ],
  ]
  for (const [request, message] of cases)
    t.equal(
      refusal(() => parse(request)),
      message,
      JSON.stringify(request),
    )
})

t.test('base64 that has another spelling for the same bytes, or none', async (t) => {
  for (const digest of [
    'AB==',
    'AAB=',
    'AB',
    '+-AA',
    '-/AA',
    'AA=',
    'A',
    'AAAAA',
    'AA==AA==',
    ' AA==',
    'AA==\n',
    'A\u00c1==',
    'AA===',
    '====',
    '=',
    '-A=',
    '_A===',
  ])
    t.match(
      refusal(() => parse(hashed({ digest }))),
      /^FIELD_INVALID hashedRekordRequestV002.digest: not standard padded/,
      JSON.stringify(digest),
    )
})

t.test('all four spellings of any bytes are read back', async () => {
  fc.assert(
    fc.property(bytesOf(1, 70), fc.boolean(), fc.boolean(), (bytes, safe, bare) => {
      const text = safe ? urlSafe(bytes) : base64(bytes)
      const request = parse(hashed({ digest: bare ? text.replaceAll('=', '') : text }))
      return request.kind === 'hashedrekord' && base64(request.digest) === base64(bytes)
    }),
  )
})

t.test('survives any JSON', async (t) => {
  const values = fc.jsonValue({ maxDepth: 5 })
  fc.assert(
    fc.property(values, values, (a, b) => {
      for (const value of [a, hashed({ signature: b }), verifiedBy({ publicKey: b }), { dsseRequestV002: a }])
        if (!/^FIELD_/.test(refusal(() => parseRequestV2(value as JsonValue)))) return false
      return true
    }),
  )
  t.pass('every refusal is a FIELD_ error')
})

const ENVELOPE = {
  payloadType: 'text/plain',
  payload: base64(key),
  signatures: [{ sig: base64(signature) }, { sig: base64(key), keyid: 'hint' }],
}

t.test('what is written is read', async (t) => {
  const requests = [hashed({}), { dsseRequestV002: { envelope: ENVELOPE, verifiers: [verifier] } }].map(parse)
  for (const request of requests) t.same(parseRequestV2(parseJson(encode(formatRequestV2(request)))), request)
})
