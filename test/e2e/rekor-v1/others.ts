/** Random cose and rfc3161 entries, whole and spoilt. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { base64, concat, utf8 } from '../../../src/kernel/bytes.ts'
import { type Cbor, type CoseOptions, cbor, coseSign1, ES256, head, message, Raw } from '../../formats/make-cose.ts'
import { EMBEDDED_TIMESTAMP } from '../../formats/pki/embedded-timestamp.ts'
import type { Chance } from './chance.ts'

type Change = readonly [name: string, change?: () => unknown]

const STATEMENT = utf8(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'a', digest: { sha256: 'ab'.repeat(32) } }],
    predicateType: 'https://example.com/',
  }),
)
const IN_TOTO = 'application/vnd.in-toto+json'

export interface Proposed {
  readonly spec: unknown
  readonly change: string
}

export class Others {
  readonly #chance: Chance
  readonly #keys = ['P-256', 'P-256', 'P-384'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve }))
  readonly #response = EMBEDDED_TIMESTAMP

  constructor(chance: Chance) {
    this.#chance = chance
  }

  cose(): Proposed {
    const chance = this.#chance
    const [own, other, wrong] = this.#keys as [Pair, Pair, Pair]
    const [name, options] = this.#options()
    const payload = name === 'a statement' ? STATEMENT : chance.bytes(chance.below(300))
    const { parts, message: signed } = coseSign1(own.privateKey, payload, options)
    const [header, unprotected, , signature] = parts
    const aad = options.external === undefined ? {} : { aad: base64(options.external) }
    const spec: Record<string, unknown> = { message: base64(signed), publicKey: pem64(own.publicKey), data: aad }
    const remade = (...changed: readonly Cbor[]) => Object.assign(spec, { message: base64(message(changed)) })
    const changes: Change[] = [
      ['whole'],
      ['another payload', () => remade(header, unprotected, utf8('another'), signature)],
      ['no payload', () => remade(header, unprotected, null, signature)],
      ['a spoilt signature', () => remade(header, unprotected, payload, signature.with(9, (signature[9] ?? 0) ^ 4))],
      ['a short signature', () => remade(header, unprotected, payload, signature.subarray(1))],
      ['an empty signature', () => remade(header, unprotected, payload, new Uint8Array())],
      ['three parts', () => remade(header, unprotected, payload)],
      ['without its tag', () => Object.assign(spec, { message: base64(signed.subarray(1)) })],
      ['cut short', () => Object.assign(spec, { message: base64(signed.subarray(0, -1)) })],
      ['a byte more', () => Object.assign(spec, { message: base64(concat(signed, Uint8Array.of(0))) })],
      ['no message', () => Object.assign(spec, { message: '' })],
      ['another key', () => Object.assign(spec, { publicKey: pem64(other.publicKey) })],
      ['a key of P-384', () => Object.assign(spec, { publicKey: pem64(wrong.publicKey) })],
      ['no key', () => Object.assign(spec, { publicKey: null })],
      ['no data', () => Object.assign(spec, { data: null })],
      ['another aad', () => Object.assign(spec, { data: { aad: base64(utf8('another')) } })],
      [
        'hashes of its own',
        () => Object.assign(spec, { data: { ...aad, payloadHash: { algorithm: 'sha256', value: '00'.repeat(32) } } }),
      ],
      ['the payload in a longer head', () => remade(header, unprotected, new Raw(longer(payload)), signature)],
      ['alg in the open header too', () => remade(header, new Map([[1, -7]]), payload, signature)],
      ['an indefinite list', () => Object.assign(spec, { message: base64(indefinite(parts)) })],
    ]
    const [change, apply] = name === 'whole' ? chance.pick(changes) : [name]
    apply?.()
    return { spec, change }
  }

  #options(): [name: string, options: CoseOptions] {
    const header = (...pairs: [Cbor, Cbor][]) => new Map<Cbor, Cbor>(pairs)
    return this.#chance.pick<[string, CoseOptions]>([
      ...Array.from({ length: 10 }, (): [string, CoseOptions] => ['whole', {}]),
      ['whole', { external: this.#chance.bytes(1 + this.#chance.below(300)) }],
      ['whole', { unprotected: header([4, utf8('key')], [33, [new Uint8Array(300), new Uint8Array(2)]]) }],
      ['a statement', { protected: header(...ES256, [3, IN_TOTO]) }],
      ['a type of content', { protected: header([3, 'text/plain'], ...ES256) }],
      ['a number of content', { protected: header(...ES256, [3, 50], ['own', [1, true]]) }],
      ['critical alg', { protected: header(...ES256, [2, [1]]) }],
      ['critical and unknown', { protected: header(...ES256, [2, ['own']], ['own', 1]) }],
      ['nothing critical', { protected: header(...ES256, [2, []]) }],
      ['another alg', { protected: header([1, -35]) }],
      ['no alg', { protected: header([3, 'text/plain']) }],
      ['no alg, with aad', { protected: header([3, 'text/plain']), external: utf8('aad') }],
      ['alg twice', { protected: new Raw(concat(Uint8Array.of(0xa2), ...[1, -7, 1, -7].map(cbor))) }],
      ['a number in a longer head', { protected: new Raw(concat(Uint8Array.of(0xa1), head(0, 1, 1), cbor(-7))) }],
    ])
  }

  rfc3161(): Proposed {
    const chance = this.#chance
    const response = this.#response.slice()
    const tsr: Record<string, unknown> = { content: base64(response) }
    const [change, apply] = chance.pick<Change>([
      ['whole'],
      ['cut short', () => Object.assign(tsr, { content: base64(response.subarray(0, -1)) })],
      ['nothing', () => Object.assign(tsr, { content: '' })],
      ['no content', () => Object.assign(tsr, { content: null })],
      ['no response', () => Object.assign(tsr, { content: base64(chance.bytes(20)) })],
      ['another time', () => Object.assign(tsr, { content: base64(spoilt(response, '20260513')) })],
    ])
    apply?.()
    return { spec: { tsr }, change }
  }
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

function pem64(key: KeyObject): string {
  return base64(utf8(key.export({ format: 'pem', type: 'spki' }).toString()))
}

function longer(bytes: Uint8Array): Uint8Array {
  return concat(head(2, bytes.length, 8), bytes)
}

function indefinite(parts: readonly Cbor[]): Uint8Array {
  return concat(Uint8Array.of(0xd2, 0x9f), ...parts.map(cbor), Uint8Array.of(0xff))
}

/** The first character of a text within it is another. */
function spoilt(response: Uint8Array, text: string): Uint8Array {
  const at = String.fromCharCode(...response).indexOf(text)
  return response.map((byte, i) => (i === at ? byte + 1 : byte))
}
