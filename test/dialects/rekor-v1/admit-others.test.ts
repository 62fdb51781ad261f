/** cose and rfc3161, which nothing but rekor-cli sends. */

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { attestationOf } from '../../../src/dialects/rekor-v1/keys.ts'
import { digestKey, publicKeyKey } from '../../../src/formats/lookup-key.ts'
import { parsePemBlock } from '../../../src/formats/pki/pem.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { base64, hex, parseBase64, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { type Cbor, type CoseOptions, coseSign1, ES256, message } from '../../formats/make-cose.ts'
import { EMBEDDED_TIMESTAMP } from '../../formats/pki/embedded-timestamp.ts'
import { hashOf, P256, P384 } from '../rekor-v2/support.ts'
import { keysOf, propose, refused, sameLeafKeys } from './admitted.ts'
import * as make from './support.ts'

t.teardown(closeCrypto)

const sha256 = (bytes: Uint8Array) => hashOf('SHA2_256', bytes)
const hash = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: hex(sha256(bytes)) })

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = publicKey.export({ format: 'pem', type: 'spki' }).toString()
const KEY = base64(utf8(PEM))
const KEY_KEYS = [publicKeyKey(parsePemBlock(PEM).der), digestKey('sha256', sha256(utf8(PEM)))]
const IN_TOTO: CoseOptions = { protected: new Map<Cbor, Cbor>([...ES256, [3, make.IN_TOTO]]) }
const signed = (payload: Uint8Array, options: CoseOptions = {}) => coseSign1(privateKey, payload, options)

t.test('cose: the leaf has hashes, and the message is kept', async (t) => {
  const payload = utf8('a payload')
  const { message } = signed(payload)
  const entry = await propose(make.cose(message, KEY))
  const spec = { data: { envelopeHash: hash(message), payloadHash: hash(payload) }, publicKey: KEY }
  t.equal(parseUtf8(entry.leaf), parseUtf8(canonicalJson({ apiVersion: '0.0.1', kind: 'cose', spec })))
  t.same(entry.attachments, [{ algorithm: 'sha256', digest: sha256(message), content: message }])
  t.same(attestationOf(entry.leaf), { algorithm: 'sha256', digest: sha256(message) }, 'which Rekor returns with it')
  sameLeafKeys(t, entry, [...[payload, message].map((one) => digestKey('sha256', sha256(one))), ...KEY_KEYS])
  t.same(keysOf(entry, 'attachment'), [])
})

/** Four digests: each as such, and as what is spoken of or what that was made from; and the statement itself. */
const STATEMENT_KEYS = 4 + 4 + 1

t.test('cose: found by what a statement speaks of', async (t) => {
  const { message } = signed(make.PAYLOAD, IN_TOTO)
  const entry = await propose(make.cose(message, KEY))
  t.equal(keysOf(entry, 'attachment').length, STATEMENT_KEYS)
  sameLeafKeys(t, entry, [...[make.PAYLOAD, message].map((one) => digestKey('sha256', sha256(one))), ...KEY_KEYS])
  const untyped = await propose(make.cose(signed(make.PAYLOAD).message, KEY))
  t.same(keysOf(untyped, 'attachment'), [], 'the header says of which type it is')
  await refused(
    t,
    make.cose(signed(utf8('{"a":1,"a":2}'), IN_TOTO).message, KEY),
    'ENVELOPE_MALFORMED',
    'not strict JSON',
  )
  const unkept = await propose(make.cose(signed(make.PAYLOAD, IN_TOTO).message, KEY), { attachmentLimit: 10 })
  t.same([unkept.attachments, keysOf(unkept, 'attachment').length], [[], STATEMENT_KEYS], 'above the limit')
})

t.test('cose: what is signed and not in the message', async (t) => {
  const external = utf8('what both sides know')
  const { message } = signed(utf8('a'), { external })
  t.equal((await propose(make.cose(message, KEY, external))).attachments.length, 1)
  await refused(t, make.cose(message, KEY), 'SIGNATURE_INVALID', 'without it')
  await refused(t, make.cose(message, KEY, utf8('another')), 'SIGNATURE_INVALID', 'with another')
})

t.test('cose: refused', async (t) => {
  const { parts, message: good } = signed(utf8('a payload'))
  const [header, unprotected, payload, signature] = parts
  const spoilt = signature.with(5, (signature[5] ?? 0) ^ 1)
  const zero = new Uint8Array(64)
  for (const [proposal, code, name] of [
    [make.cose(message([header, unprotected, payload, spoilt]), KEY), 'SIGNATURE_INVALID', 'a spoilt signature'],
    [make.cose(message([header, unprotected, payload, zero]), KEY), 'SIGNATURE_INVALID', 'r and s of zero'],
    [make.cose(message([header, unprotected, utf8('b'), signature]), KEY), 'SIGNATURE_INVALID', 'another payload'],
    [make.cose(good, make.pem64(P256.spki)), 'SIGNATURE_INVALID', 'another key'],
    [make.cose(good, make.pem64(P384.spki)), 'KEY_NOT_ALLOWED', 'a key of another curve'],
    [make.cose(new Uint8Array(), KEY), 'ENVELOPE_MALFORMED', 'no message'],
    [{ ...make.cose(good, KEY), spec: { message: base64(good), publicKey: KEY } }, 'FIELD_MISSING', 'no data'],
    [make.cose(good, base64(utf8('no PEM'))), 'FIELD_INVALID', 'no key'],
  ] as const)
    await refused(t, proposal, code, name)
})

t.test('rfc3161: the leaf is the whole response', async (t) => {
  const proposal = make.rfc3161(EMBEDDED_TIMESTAMP)
  const entry = await propose(proposal)
  t.equal(parseUtf8(entry.leaf), parseUtf8(canonicalJson(proposal)))
  t.same([entry.attachments, attestationOf(entry.leaf)], [[], null])
  sameLeafKeys(t, entry, [digestKey('sha256', sha256(EMBEDDED_TIMESTAMP))])
  await refused(t, make.rfc3161(parseBase64('AAAA')), 'DER_MALFORMED', 'no response')
  await refused(t, make.rfc3161(new Uint8Array()), 'DER_MALFORMED', 'nothing')
  await refused(t, { ...proposal, spec: { tsr: {} } }, 'FIELD_MISSING', 'no content')
})
