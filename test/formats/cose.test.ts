/** COSE_Sign1: the examples of the COSE working group, and what is refused. */

import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { coseSignedBytes, parseCoseSign1 } from '../../src/formats/cose.ts'
import { hex, parseHex, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { type Cbor, type CoseOptions, cbor, coseSign1, ES256, message, Raw } from './make-cose.ts'
import { refusal } from './support.ts'

const FOLDER = new URL('../vectors/cose/', import.meta.url)

/** What each of the examples is taken for: whose signature holds, or why it is refused. */
const EXAMPLES: Readonly<Record<string, RegExp | 'good' | 'bad'>> = {
  'ecdsa-sig-01.json': 'good',
  'ecdsa-sig-02.json': /^ALGORITHM_NOT_ALLOWED/, // P-384
  'ecdsa-sig-03.json': /^ALGORITHM_NOT_ALLOWED/, // P-521
  'ecdsa-sig-04.json': /^ALGORITHM_NOT_ALLOWED/, // SHA-512 by P-256
  'sign-fail-01.json': /^ENVELOPE_MALFORMED .*not a tagged COSE_Sign1/,
  'sign-fail-02.json': 'bad',
  'sign-fail-03.json': /^ALGORITHM_NOT_ALLOWED/,
  'sign-fail-04.json': /^ALGORITHM_NOT_ALLOWED/,
  'sign-fail-06.json': 'bad',
  'sign-fail-07.json': 'bad',
  'sign-pass-01.json': /^ENVELOPE_MALFORMED .*belongs in the protected one|^ALGORITHM_NOT_ALLOWED/, // alg unsigned
  'sign-pass-02.json': 'good',
  'sign-pass-03.json': /^ENVELOPE_MALFORMED .*has major type 4/, // without the tag
}

interface Example {
  readonly input: {
    readonly plaintext: string
    readonly sign0: { readonly key: { readonly x: string; readonly y: string }; readonly external?: string }
  }
  readonly intermediates: { readonly ToBeSign_hex: string }
  readonly output: { readonly cbor: string }
}

t.test('the examples of the working group', async (t) => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
  t.same(names.sort(), Object.keys(EXAMPLES).sort())
  for (const name of names) {
    const { input, intermediates, output } = JSON.parse(parseUtf8(readFileSync(new URL(name, FOLDER)))) as Example
    const bytes = parseHex(output.cbor.toLowerCase())
    const expected = EXAMPLES[name]
    if (expected instanceof RegExp) {
      t.match(
        refusal(() => parseCoseSign1(bytes)),
        expected,
        name,
      )
      continue
    }
    const parsed = parseCoseSign1(bytes)
    t.match(parsed, { contentType: null }, name)
    t.equal(parseUtf8(parsed.payload).startsWith('This is the content'), true, name)
    const signed = coseSignedBytes(parsed, parseHex((input.sign0.external ?? '').toLowerCase()))
    const { x, y } = input.sign0.key
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    const isGood = verify('sha256', signed, key, parsed.signature)
    t.equal(isGood ? 'good' : 'bad', expected, name)
    if (isGood) t.equal(hex(signed), intermediates.ToBeSign_hex.toLowerCase(), 'what is signed')
  }
})

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PAYLOAD = utf8('{}')
const made = (options: CoseOptions = {}) => coseSign1(privateKey, PAYLOAD, options)

t.test('what headers may hold', async (t) => {
  const chain = [new Uint8Array(300), [new Uint8Array(2), null, true, new Raw(Uint8Array.of(0xf9, 0x3c, 0))]]
  for (const [options, contentType] of [
    [{}, null],
    [{ protected: new Map<Cbor, Cbor>([[3, 'text/plain'], ...ES256]) }, 'text/plain'],
    [{ protected: new Map<Cbor, Cbor>([...ES256, [3, 50]]) }, null],
    [{ protected: new Map<Cbor, Cbor>([...ES256, [2, [1, 3]], [3, 'a']]) }, 'a'],
    [
      {
        unprotected: new Map<Cbor, Cbor>([
          [4, utf8('key')],
          [33, chain],
          ['own', -5],
        ]),
      },
      null,
    ],
    [{ external: utf8('a'.repeat(70_000)) }, null],
  ] as readonly (readonly [CoseOptions, string | null])[]) {
    const parsed = parseCoseSign1(made(options).message)
    t.equal(parsed.contentType, contentType)
    t.same(parsed.payload, PAYLOAD)
    t.ok(verify('sha256', coseSignedBytes(parsed, options.external ?? new Uint8Array()), publicKey, parsed.signature))
  }
})

t.test('payloads of every length of length', async (t) => {
  for (const length of [0, 1, 23, 24, 255, 256, 65_535, 65_536]) {
    const parsed = parseCoseSign1(coseSign1(privateKey, new Uint8Array(length)).message)
    t.equal(parsed.payload.length, length)
    t.ok(verify('sha256', coseSignedBytes(parsed, new Uint8Array()), publicKey, parsed.signature), `${length}`)
  }
})

t.test('refused, with the reason', async (t) => {
  const { parts } = made()
  const [header, unprotected, payload, signature] = parts
  const withHeader = (...pairs: [Cbor, Cbor][]) => message([cbor(new Map(pairs)), unprotected, payload, signature])
  const twice = new Raw(concatHex('a2', cbor(1), cbor(-7), cbor(1), cbor(-7)))
  const deep = JSON.parse(`${'['.repeat(12)}${']'.repeat(12)}`) as Cbor
  for (const [bytes, why] of [
    [new Uint8Array(), /at byte 0: the COSE message is missing/],
    [message([header, unprotected, payload]), /four parts/],
    [message([...parts, 0]), /four parts/],
    [concatHex('d8', Uint8Array.of(98), cbor([...parts])), /not a tagged COSE_Sign1/],
    [message([header, unprotected, null, signature]), /the payload did not come along/],
    [message([header, unprotected, payload, null]), /the signature has major type 7/],
    [message([header, unprotected, payload, signature.subarray(1)]), /^SIGNATURE_INVALID an ES256 signature of 63/],
    [message([header, [], payload, signature]), /the unprotected header has major type 4, not 5/],
    [message([new Uint8Array(), unprotected, payload, signature]), /the protected header is missing/],
    [message([cbor([]), unprotected, payload, signature]), /the protected header has major type 4/],
    [message([concatHex('a10126', cbor(0)), unprotected, payload, signature]), /bytes after the protected header/],
    [message([cbor(twice), unprotected, payload, signature]), /a parameter twice/],
    [message([header, new Map([[1, -7]]), payload, signature]), /belongs in the protected one/],
    [message([header, new Map<Cbor, Cbor>([[2, [1]]]), payload, signature]), /belongs in the protected one/],
    [withHeader([1, -35]), /^ALGORITHM_NOT_ALLOWED/],
    [withHeader([1, -37]), /^ALGORITHM_NOT_ALLOWED/],
    [withHeader([1, 'ES256']), /^ALGORITHM_NOT_ALLOWED/],
    [withHeader([3, 'text/plain']), /^ALGORITHM_NOT_ALLOWED/],
    [withHeader([1, -7], [2, []]), /an empty list of critical/],
    [withHeader([1, -7], [2, ['own']], ['own', 1]), /critical parameter that is not understood/],
    [withHeader([1, -7], [2, 1]), /the critical parameters has major type 0/],
    [withHeader([1, -7], [cbor('a'), 1]), /a label of the protected header has major type 2/],
    [withHeader([1, -7], [9, deep]), /nested too deeply/],
    [withHeader(...Array.from({ length: 65 }, (_, i): [Cbor, Cbor] => [i + 1, -7])), /has 65 parameters/],
    [withHeader([1, -7], [9, new Raw(Uint8Array.of(0xc1, 0))]), /a tag in the protected header/],
    [concatHex(hex(made().message), Uint8Array.of(0)), /bytes after the COSE message/],
  ] as const)
    t.match(
      refusal(() => parseCoseSign1(bytes)),
      why,
    )
  const { message: whole } = made()
  for (let length = 0; length < whole.length; length++)
    t.match(
      refusal(() => parseCoseSign1(whole.subarray(0, length))),
      /^ENVELOPE_MALFORMED .*(cut short|missing|did not come along)/,
    )
})

function concatHex(start: string, ...rest: readonly Uint8Array[]): Uint8Array {
  return parseHex(start + rest.map(hex).join(''))
}
