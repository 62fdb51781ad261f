import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { envelope, pae, parsePae } from '../../../src/formats/sigstore/dsse.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { bytesOf, decode, encode, everyByteCounts, refusal, refused } from '../support.ts'

t.test('the example of the DSSE protocol', async (t) => {
  const encoded = encode('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  t.same(pae('http://example.com/HelloWorld', encode('hello world')), encoded)
  const { payloadType, payload } = parsePae(encoded)
  t.same([payloadType, decode(payload)], ['http://example.com/HelloWorld', 'hello world'])
})

t.test('lengths count bytes', async (t) => {
  t.equal(decode(pae('é', encode('€'))), 'DSSEv1 2 é 3 €')
  t.equal(decode(pae('', new Uint8Array())), 'DSSEv1 0  0 ')
})

t.test('malformed encodings', async () => {
  for (const text of [
    '',
    'DSSEv1',
    'DSSEv1 ',
    'DSSEv2 1 a 1 b',
    'dssev1 1 a 1 b',
    ' DSSEv1 1 a 1 b',
    'DSSEv1  1 a 1 b',
    'DSSEv1 01 a 1 b',
    'DSSEv1 +1 a 1 b',
    'DSSEv1 1 a 1 bc',
    'DSSEv1 1 a 2 b',
    'DSSEv1 2 a 1 b',
    'DSSEv1 9007199254740991 a 1 b',
    'DSSEv1 9007199254740992 a 1 b',
    'DSSEv1 1 a 01 b',
    'DSSEv1 1 a 1',
    'DSSEv1 1 a ',
    `DSSEv1 1 a ${'1'.repeat(1000)} b`,
  ])
    refused(() => parsePae(encode(text)), 'ENVELOPE_MALFORMED', text.slice(0, 40))
  refused(
    () => parsePae(Uint8Array.from([...encode('DSSEv1 1 '), 0xff, ...encode(' 0 ')])),
    'ENVELOPE_MALFORMED',
    'type not UTF-8',
  )
})

t.test('format and parse are inverse, and every byte counts', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), bytesOf(0, 100), (type, bytes) => {
      const { payloadType, payload } = parsePae(pae(type, bytes))
      return payloadType === type && hex(payload) === hex(bytes)
    }),
  )
  everyByteCounts(pae('application/vnd.in-toto+json', encode('{"_type":"x"}')), (bytes) => {
    const { payloadType, payload } = parsePae(bytes)
    return pae(payloadType, payload)
  })
})

t.test('envelopes', async (t) => {
  const read = (json: string) => envelope(parseJson(encode(json)), 'envelope')
  t.same(read('{"payloadType":"t","payload":"aGk","signatures":[{"sig":"AA==","keyid":"k"},{"sig":"AQ"}]}'), {
    payloadType: 't',
    payload: encode('hi'),
    signatures: [
      { sig: Uint8Array.of(0), keyid: 'k' },
      { sig: Uint8Array.of(1), keyid: '' },
    ],
  })
  t.same(read('{"payload_type":"t","signatures":[{"sig":"AA","keyid":null}]}').payload, new Uint8Array())
  const cases: [json: string, message: RegExp][] = [
    ['{"payloadType":"t"}', /^FIELD_MISSING envelope.signatures: missing/],
    ['{"payloadType":"t","signatures":[]}', /^FIELD_INVALID envelope.signatures: 1 to 10 items, not 0/],
    ['{"payloadType":"","signatures":[{"sig":"AA"}]}', /^FIELD_MISSING envelope.payloadType/],
    ['{"payloadType":"t","signatures":[{"sig":""}]}', /^FIELD_MISSING envelope.signatures\[0\].sig/],
    ['{"payloadType":"t","signatures":[null]}', /^FIELD_INVALID envelope.signatures\[0\]: an object/],
    ['{"payloadType":"t","signatures":[{"sig":"AA","keyId":"k"}]}', /^FIELD_UNKNOWN envelope.signatures\[0\].keyId/],
  ]
  for (const [json, message] of cases)
    t.match(
      refusal(() => read(json)),
      message,
      json,
    )
})
