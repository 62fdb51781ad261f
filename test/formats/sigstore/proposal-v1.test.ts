import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { parseProposalV1 } from '../../../src/formats/sigstore/proposal-v1.ts'
import { base64, utf8 } from '../../../src/kernel/bytes.ts'
import { dsse, hashedRekord, intotoV1, intotoV2, PAYLOAD, pem64, rekordBy } from '../../dialects/rekor-v1/support.ts'
import { P256, P384 } from '../../dialects/rekor-v2/support.ts'
import { refusal } from '../support.ts'

type Tree = { [name: string]: Tree | string | null } | string | null

const read = (json: unknown) => parseProposalV1(parseJson(utf8(JSON.stringify(json))))

/** The proposal with the value at `path` replaced; undefined takes it away. */
function changed(proposal: object, path: string, value: unknown): unknown {
  const copy = structuredClone(proposal)
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  const place = steps.reduce((tree: Tree, step) => (tree as { [name: string]: Tree })[step] ?? null, copy as Tree)
  Object.assign(place as object, { [last]: value })
  return copy
}

const envelope = (change: object) =>
  JSON.stringify({ payloadType: 'a', payload: '', signatures: [{ sig: '' }], ...change })

t.test('what clients send', async (t) => {
  t.equal(read(hashedRekord(P256)).type, 'hashedrekord 0.0.1')
  t.equal(read(rekordBy(P256)).type, 'rekord 0.0.1')
  t.equal(read(dsse([P256])).type, 'dsse 0.0.1')
  t.equal(read(intotoV1(P256)).type, 'intoto 0.0.1')
  t.equal(read(intotoV2([P256, P384])).type, 'intoto 0.0.2')
})

t.test('fields of old and fields of none', async (t) => {
  for (const [path, value] of [
    ['spec.signature.format', 'x509'],
    ['spec.signature.url', null],
    ['spec.data.url', 'https://example.com'],
    ['more', { a: 1 }],
  ] as const)
    t.same(read(changed(hashedRekord(P256), path, value)), read(hashedRekord(P256)), path)
  t.same(read(changed(dsse([P256]), 'spec.payloadHash', null)), read(dsse([P256])))
  t.equal(read(changed(intotoV1(P256), 'spec.content.hash', { algorithm: 'any' })).type, 'intoto 0.0.1')
})

t.test('a payload in either base64 alphabet', async (t) => {
  const payload = Uint8Array.of(0xfb, 0xff, 0xbf)
  for (const text of [base64(payload), '-_-_']) {
    const proposal = read(dsse([P256], envelope({ payload: text })))
    t.same(proposal.type === 'dsse 0.0.1' && proposal.envelope.payload, payload, text)
  }
})

const KEYS = 'spec.proposedContent.verifiers'
const TEXT = 'spec.proposedContent.envelope'
const INTOTO = 'spec.content.envelope'

const REFUSED: readonly (readonly [object, path: string, value: unknown, message: RegExp])[] = [
  [
    hashedRekord(P256),
    'kind',
    'tuf',
    /^FIELD_INVALID kind: entry kind 'tuf' is not enabled for submission on this server; hashedrekord, rekord, /,
  ],
  [hashedRekord(P256), 'kind', 'constructor', /^FIELD_INVALID kind: /],
  [hashedRekord(P256), 'kind', 1, /^FIELD_INVALID kind: a string/],
  [hashedRekord(P256), 'kind', null, /^FIELD_MISSING kind/],
  [
    hashedRekord(P256),
    'apiVersion',
    '0.0.2',
    /^FIELD_INVALID apiVersion: hashedrekord "0.0.2" is not taken; 0.0.1 are/,
  ],
  [hashedRekord(P256), 'apiVersion', 'toString', /^FIELD_INVALID apiVersion: /],
  [hashedRekord(P256), 'apiVersion', undefined, /^FIELD_MISSING apiVersion/],
  [hashedRekord(P256), 'spec', undefined, /^FIELD_MISSING spec/],
  [hashedRekord(P256), 'spec', 'text', /^FIELD_INVALID spec: an object/],
  [hashedRekord(P256), 'spec.data', null, /^FIELD_MISSING spec.data/],
  [hashedRekord(P256), 'spec.data.hash', undefined, /^FIELD_MISSING spec.data.hash/],
  [
    hashedRekord(P256),
    'spec.data.hash.algorithm',
    'sha1',
    /^FIELD_INVALID spec.data.hash.algorithm: must be "sha256" or/,
  ],
  [
    hashedRekord(P256),
    'spec.data.hash.value',
    'AB'.repeat(32),
    /^FIELD_INVALID spec.data.hash.value: not lowercase hex/,
  ],
  [hashedRekord(P256), 'spec.data.hash.value', 'ab'.repeat(31), /hash.value: 64 hex digits make a sha256, not 62/],
  [hashedRekord(P256), 'spec.signature.content', 'a\n==', /^FIELD_INVALID spec.signature.content: not standard padded/],
  [hashedRekord(P256), 'spec.signature.publicKey', {}, /^FIELD_MISSING spec.signature.publicKey.content/],
  [
    hashedRekord(P256),
    'spec.signature.publicKey.content',
    '',
    /^FIELD_INVALID spec.signature.publicKey.content: block 0/,
  ],
  [rekordBy(P256), 'spec.data', {}, /^FIELD_MISSING spec.data.content/],
  [rekordBy(P256), 'spec.data.content', '', /^FIELD_INVALID spec.data.content: an empty file/],
  [rekordBy(P256), 'spec.data', { url: 'https://example.com/a' }, /^FIELD_INVALID spec.data.url: nothing is fetched/],
  [rekordBy(P256), 'spec.data.hash', { algorithm: 'sha512', value: '' }, /^FIELD_INVALID spec.data.hash.algorithm/],
  [rekordBy(P256), 'spec.signature', null, /^FIELD_MISSING spec.signature/],
  [rekordBy(P256), 'spec.signature', { url: 'http://a' }, /^FIELD_INVALID spec.signature.url: nothing is fetched/],
  [rekordBy(P256), 'spec.signature.format', 'pgp', /signature.format: must be "x509" or "minisign" or "ssh"/],
  [rekordBy(P256), 'spec.signature.format', 'ssh', /^FIELD_INVALID spec.signature.content: /],
  [rekordBy(P256), 'spec.signature.format', 'minisign', /^FIELD_INVALID spec.signature.content: /],
  [rekordBy(P256), 'spec.signature.content', null, /^FIELD_MISSING spec.signature.content/],
  [
    rekordBy(P256),
    'spec.signature.publicKey',
    { url: 'http://a' },
    /^FIELD_INVALID spec.signature.publicKey.url: nothing/,
  ],
  [dsse([P256]), 'spec.envelopeHash', {}, /^FIELD_INVALID spec.envelopeHash: computed by the log/],
  [dsse([P256]), 'spec.proposedContent', null, /^FIELD_MISSING spec.proposedContent/],
  [dsse([P256]), KEYS, [], /^FIELD_INVALID spec.proposedContent.verifiers: 1 to 10 items, not 0/],
  [dsse([P256]), KEYS, Array(11).fill(pem64(P256.spki)), /verifiers: 1 to 10 items, not 11/],
  [
    dsse([P256]),
    KEYS,
    ['AA=='],
    /^FIELD_INVALID spec.proposedContent.verifiers\[0\]: not PEM: a character that is not ASCII/,
  ],
  [dsse([P256]), TEXT, '{', /^JSON_MALFORMED/],
  [dsse([P256]), TEXT, '{"a":1,"a":2}', /^JSON_DUPLICATE_KEY/],
  [dsse([P256]), TEXT, `[${'0,'.repeat(1000)}0]`, /^JSON_TOO_LARGE/],
  [dsse([P256]), TEXT, '[]', /^FIELD_INVALID spec.proposedContent.envelope: an object/],
  [
    dsse([P256]),
    TEXT,
    envelope({ payload: 'a' }),
    /^FIELD_INVALID spec.proposedContent.envelope.payload: not standard/,
  ],
  [dsse([P256]), TEXT, envelope({ payload: '-_+/' }), /^FIELD_INVALID .*envelope.payload: not standard/],
  [dsse([P256]), TEXT, envelope({ payload: null }), /^FIELD_MISSING .*envelope.payload/],
  [dsse([P256]), TEXT, envelope({ payloadType: 1 }), /^FIELD_INVALID .*envelope.payloadType/],
  [dsse([P256]), TEXT, envelope({ signatures: [] }), /envelope.signatures: 1 to 10 items, not 0/],
  [dsse([P256]), TEXT, envelope({ signatures: Array(11).fill({ sig: '' }) }), /signatures: 1 to 10 items, not 11/],
  [dsse([P256]), TEXT, envelope({ signatures: [{}] }), /^FIELD_MISSING .*envelope.signatures\[0\].sig/],
  [
    dsse([P256]),
    TEXT,
    envelope({ signatures: [{ sig: '-_-_' }] }),
    /^FIELD_INVALID .*signatures\[0\].sig: not standard/,
  ],
  [dsse([P256]), TEXT, envelope({ signatures: [{ sig: '', keyid: 1 }] }), /^FIELD_INVALID .*keyid: a string/],
  [intotoV1(P256), 'spec.content', {}, /^FIELD_MISSING spec.content.envelope/],
  [intotoV1(P256), 'spec.publicKey', undefined, /^FIELD_MISSING spec.publicKey/],
  [intotoV2([P256]), 'spec.content.hash', undefined, /^FIELD_MISSING spec.content.hash/],
  [
    intotoV2([P256]),
    'spec.content.hash.algorithm',
    'sha512',
    /^FIELD_INVALID spec.content.hash.algorithm: must be "sha256"/,
  ],
  [intotoV2([P256]), `${INTOTO}.payload`, null, /^FIELD_MISSING spec.content.envelope.payload/],
  [
    intotoV2([P256]),
    `${INTOTO}.payload`,
    base64(PAYLOAD),
    /^FIELD_INVALID spec.content.envelope.payload: not standard/,
  ],
  [intotoV2([P256]), `${INTOTO}.signatures`, [], /^FIELD_INVALID spec.content.envelope.signatures: 1 to 10/],
  [intotoV2([P256]), `${INTOTO}.signatures`, [{ sig: 'AAAA', publicKey: '' }], /signatures\[0\].sig: /],
]

t.test('refused, with the place', async (t) => {
  for (const [proposal, path, value, message] of REFUSED)
    t.match(
      refusal(() => read(changed(proposal, path, value))),
      message,
      `${path}: ${JSON.stringify(value)?.slice(0, 60)}`,
    )
  for (const json of [null, [], 'text', 1])
    t.match(
      refusal(() => read(json)),
      /^FIELD_INVALID the document/,
    )
})
