/** Random proposed entries, whole and spoilt, each with the name of what was done to it. */

import { pae } from '../../../src/formats/sigstore/dsse.ts'
import { base64, utf8 } from '../../../src/kernel/bytes.ts'
import type { Random } from '../../fault/load.ts'
import { Chance } from './chance.ts'
import { Others } from './others.ts'
import { Rekords } from './rekords.ts'
import { digestOf, type HashName, type Signer } from './signers.ts'

export interface Case {
  /** What is proposed and what was done to it: `dsse: two signatures`. */
  readonly name: string
  readonly proposal: unknown
}

const b64 = (bytes: Uint8Array | string): string => base64(typeof bytes === 'string' ? utf8(bytes) : bytes)
const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')
const OTHER_HASH: Readonly<Record<HashName, HashName>> = { sha256: 'sha384', sha384: 'sha512', sha512: 'sha256' }

/** One key in other words, all of which end as one PEM. */
const SPELLINGS: readonly ((pem: string) => string)[] = [
  (pem) => pem,
  (pem) => pem.trimEnd(),
  (pem) => `\n\n ${pem}\n`,
  (pem) => pem.replaceAll('\n', '\r\n'),
  (pem) => pem.replace(/(?<=[^-])\n(?=[^-])/g, ''),
]

export class Proposer {
  readonly #chance: Chance
  readonly #rekords: Rekords
  readonly #others: Others
  readonly #signers: readonly Signer[]
  readonly #outsiders: readonly Signer[]

  constructor(random: Random, signers: readonly Signer[], outsiders: readonly Signer[]) {
    this.#chance = new Chance(random)
    this.#rekords = new Rekords(this.#chance, signers)
    this.#others = new Others(this.#chance)
    this.#signers = signers
    this.#outsiders = outsiders
  }

  next(): Case {
    return this.#chance.pick([
      () => this.#hashedRekord(),
      () => this.#rekord(),
      () => this.#dsse(),
      () => this.#intotoV1(),
      () => this.#intotoV2(),
      () => this.#other('cose'),
      () => this.#other(this.#chance.below(3) === 0 ? 'rfc3161' : 'cose'),
    ])()
  }

  /** A key or a certificate, spelt somehow. */
  #verifierOf(signer: Signer): string {
    const pem = this.#chance.below(2) === 0 ? signer.pem : (signer.certificate ?? signer.pem)
    return this.#chance.pick(SPELLINGS)(pem)
  }

  #hashedRekord(): Case {
    const signer = this.#chance.pick(this.#signers)
    const file = this.#chance.bytes(this.#chance.below(64))
    const spec = {
      data: { hash: { algorithm: signer.hash as string, value: digestOf(signer.hash, file) } },
      signature: { content: b64(signer.signFile(file)), publicKey: { content: b64(this.#verifierOf(signer)) } },
    }
    const { hash } = spec.data
    const { signature } = spec
    const change = this.#chance.pick<[string, (() => unknown)?]>([
      ['whole'],
      ['whole'],
      ['another digest', () => Object.assign(hash, { value: digestOf(signer.hash, utf8('another')) })],
      ['another algorithm', () => Object.assign(hash, this.#otherHash(signer, file))],
      ['capital hex', () => Object.assign(hash, { value: hash.value.toUpperCase() })],
      ['a short digest', () => Object.assign(hash, { value: hash.value.slice(2) })],
      ['an unknown algorithm', () => Object.assign(hash, { algorithm: 'sha1' })],
      ['another key', () => Object.assign(signature.publicKey, { content: b64(this.#chance.pick(this.#signers).pem) })],
      ['an outsider', () => Object.assign(signature, this.#signedBy(this.#chance.pick(this.#outsiders), file))],
      ['a spoilt signature', () => Object.assign(signature, { content: this.#spoilt(signature.content) })],
      ['an empty signature', () => Object.assign(signature, { content: '' })],
      ['signed as a message', () => Object.assign(signature, { content: b64(signer.signMessage(file)) })],
      ['base64 in lines', () => Object.assign(signature, { content: signature.content.replace(/.{20}/, '$&\n') })],
      ['no PEM', () => Object.assign(signature.publicKey, { content: b64('no PEM') })],
      [
        'two blocks',
        () => Object.assign(signature.publicKey, { content: b64(signer.pem + (signer.certificate ?? signer.pem)) }),
      ],
      ['more fields', () => Object.assign(signature, { format: 'x509', url: null })],
      ['no data', () => Object.assign(spec, { data: null })],
      ['no key', () => Object.assign(signature, { publicKey: {} })],
    ])
    change[1]?.()
    return this.#proposed('hashedrekord', '0.0.1', spec, change[0])
  }

  #rekord(): Case {
    const { spec, change } = this.#rekords.next((signer) => this.#verifierOf(signer))
    return this.#proposed('rekord', '0.0.1', spec, change)
  }

  #other(kind: 'cose' | 'rfc3161'): Case {
    const { spec, change } = kind === 'cose' ? this.#others.cose() : this.#others.rfc3161()
    return this.#proposed(kind, '0.0.1', spec, change)
  }

  #otherHash(signer: Signer, file: Uint8Array): { algorithm: string; value: string } {
    const algorithm = OTHER_HASH[signer.hash]
    return { algorithm, value: digestOf(algorithm, file) }
  }

  #signedBy(signer: Signer, file: Uint8Array): object {
    return { content: b64(signer.signFile(file)), publicKey: { content: b64(signer.pem) } }
  }

  /** One bit of one byte. */
  #spoilt(encoded: string): string {
    const bytes = new Uint8Array(Buffer.from(encoded, 'base64'))
    const at = this.#chance.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#chance.below(8))
    return b64(bytes)
  }

  #payload(): { payloadType: string; payload: Uint8Array } {
    const digest = {
      sha256: digestOf('sha256', this.#chance.bytes(8)),
      sha512: digestOf('sha512', this.#chance.bytes(8)),
    }
    const material = { uri: 'git+https://example.com/a', digest: { sha1: '00'.repeat(20) } }
    const statement = {
      _type: 'https://in-toto.io/Statement/v0.1',
      subject: [
        { name: 'a <b> & "c"', digest },
        { name: '', digest: {} },
      ],
      predicateType: 'https://slsa.dev/provenance/v0.2',
      predicate: { materials: [material], builder: { id: 'https://example.com/builder' } },
    }
    const json = utf8(JSON.stringify(statement))
    return this.#chance.pick([
      { payloadType: 'application/vnd.in-toto+json', payload: json },
      { payloadType: 'application/vnd.in-toto+json', payload: json },
      { payloadType: 'text/<plain>&\u2028"\\\u007f', payload: this.#chance.bytes(this.#chance.below(50) + 1) },
      { payloadType: 'http://example.com/é/🔑', payload: utf8('{}') },
    ])
  }

  #distinct(count: number): Signer[] {
    const left = [...this.#signers]
    return Array.from({ length: count }, () => left.splice(this.#chance.below(left.length), 1)[0] as Signer)
  }

  #dsse(): Case {
    const signers = this.#distinct(1 + this.#chance.below(3))
    const { payloadType, payload } = this.#payload()
    const message = pae(payloadType, payload)
    const signatures = signers.map((signer) => this.#signature(signer, message))
    const envelope: Record<string, unknown> = { payloadType, payload: b64(payload), signatures }
    const content = { envelope: '', verifiers: signers.map((signer) => b64(this.#verifierOf(signer))) }
    const spec: Record<string, unknown> = { proposedContent: content }
    const extra = b64(this.#chance.pick(this.#signers).pem)
    const change = this.#chance.pick<[string, (() => unknown)?]>([
      ['whole'],
      ['whole'],
      ['the order of verifiers', () => content.verifiers.reverse()],
      ['a verifier too many', () => content.verifiers.push(extra)],
      ['a verifier too many in front', () => content.verifiers.unshift(extra)],
      ['a verifier twice', () => content.verifiers.unshift(content.verifiers[0] as string)],
      ['a verifier missing', () => content.verifiers.pop()],
      ['no signatures', () => signatures.splice(0)],
      ['a signature twice', () => signatures.push({ ...signatures[0] } as never)],
      ['a key that signed twice', () => signatures.push(this.#signature(signers[0] as Signer, message))],
      [
        'a spoilt signature',
        () => signatures.splice(0, 1, { sig: this.#spoilt((signatures[0] as { sig: string }).sig) }),
      ],
      ['another payload', () => Object.assign(envelope, { payload: b64('another') })],
      ['another type', () => Object.assign(envelope, { payloadType: 'another' })],
      ['a URL-safe payload', () => Object.assign(envelope, { payload: urlSafe(b64(payload)) })],
      ['an empty payload', () => Object.assign(envelope, { payload: '' })],
      ['more fields in the envelope', () => Object.assign(envelope, { more: { fields: [1, 2] } })],
      ['an outsider', () => this.#addOutsider(signatures, content.verifiers, message)],
      ['computed fields', () => Object.assign(spec, { payloadHash: { algorithm: 'sha256', value: '00' } })],
      ['more fields', () => Object.assign(content, { more: 1 })],
      ['no verifiers', () => content.verifiers.splice(0)],
    ])
    change[1]?.()
    content.envelope = this.#chance.below(3) === 0 ? JSON.stringify(envelope, null, 2) : JSON.stringify(envelope)
    return this.#proposed('dsse', '0.0.1', spec, change[0])
  }

  #addOutsider(signatures: object[], verifiers: string[], message: Uint8Array): void {
    const outsider = this.#chance.pick(this.#outsiders)
    signatures.push(this.#signature(outsider, message))
    verifiers.push(b64(outsider.pem))
  }

  #signature(signer: Signer, message: Uint8Array): object {
    const sig = b64(signer.signMessage(message))
    return this.#chance.pick([{ sig }, { sig, keyid: '' }, { keyid: 'a key <&> \u2028', sig }])
  }

  #intotoV1(): Case {
    const [signer, other] = this.#distinct(2) as [Signer, Signer]
    const { payloadType, payload } = this.#payload()
    const message = pae(payloadType, payload)
    const envelope = { payloadType, payload: b64(payload), signatures: [{ sig: b64(signer.signMessage(message)) }] }
    const spec = {
      content: { envelope: '' as string | null },
      publicKey: b64(this.#verifierOf(signer)) as string | null,
    }
    const change = this.#chance.pick<[string, (() => unknown)?]>([
      ['whole'],
      ['whole'],
      ['another key', () => Object.assign(spec, { publicKey: b64(other.pem) })],
      ['a second signature', () => envelope.signatures.push({ sig: b64(other.signMessage(message)) })],
      ['another payload', () => Object.assign(envelope, { payload: b64('another') })],
      ['a key ID', () => Object.assign(envelope.signatures[0] ?? {}, { keyid: 'any' })],
      ['a hash of its own', () => Object.assign(spec.content, { hash: { algorithm: 'sha256', value: 'any' } })],
      ['no key', () => Object.assign(spec, { publicKey: null })],
    ])
    change[1]?.()
    spec.content.envelope = JSON.stringify(envelope)
    return this.#proposed('intoto', '0.0.1', spec, change[0])
  }

  #intotoV2(): Case {
    const signers = this.#distinct(1 + this.#chance.below(3))
    const { payloadType, payload } = this.#payload()
    const message = pae(payloadType, payload)
    const signatures = signers.map((signer) => this.#intotoSignature(signer, message))
    const envelope = { payloadType, payload: b64(b64(payload)), signatures }
    const hash = { algorithm: 'sha256', value: digestOf('sha256', this.#chance.bytes(8)) }
    const content: Record<string, unknown> = { envelope, hash }
    const [first] = signatures as [Record<string, string>]
    const change = this.#chance.pick<[string, (() => unknown)?]>([
      ['whole'],
      ['whole'],
      ['a payload hash of its own', () => Object.assign(content, { payloadHash: { ...hash } })],
      ['no payload', () => Object.assign(envelope, { payload: '' })],
      ['another payload', () => Object.assign(envelope, { payload: b64(b64('another')) })],
      ['no hash', () => Object.assign(content, { hash: null })],
      ['a hash that is none', () => Object.assign(hash, { value: 'any' })],
      ['another hash algorithm', () => Object.assign(hash, { algorithm: 'sha512' })],
      ['single base64', () => Object.assign(envelope, { payload: b64(payload) })],
      ['a spoilt signature', () => (first.sig = b64(this.#spoilt(Buffer.from(first.sig ?? '', 'base64').toString())))],
      ['keys in another order', () => rotateKeys(signatures)],
      ['a key that signed twice', () => signatures.push(this.#intotoSignature(signers[0] as Signer, message))],
      ['no signatures', () => signatures.splice(0)],
      ['more fields', () => Object.assign(envelope, { more: [] })],
    ])
    change[1]?.()
    return this.#proposed('intoto', '0.0.2', { content }, change[0])
  }

  #intotoSignature(signer: Signer, message: Uint8Array): Record<string, string> {
    const sent = { sig: b64(b64(signer.signMessage(message))), publicKey: b64(this.#verifierOf(signer)) }
    return this.#chance.pick([sent, { ...sent, keyid: '' }, { ...sent, keyid: 'a key <&> \u2028' }])
  }

  #proposed(kind: string, apiVersion: string, spec: unknown, change: string): Case {
    const [name, proposal] = this.#chance.pick<[string, unknown]>([
      ...Array.from({ length: 37 }, (): [string, unknown] => [change, { apiVersion, kind, spec }]),
      ['another version', { apiVersion: '0.0.9', kind, spec }],
      ['another kind', { apiVersion, kind: 'tuf', spec }],
      ['no spec', { apiVersion, kind }],
    ])
    return { name: `${kind} ${apiVersion}: ${name}`, proposal }
  }
}

function rotateKeys(signatures: Record<string, string>[]): void {
  const keys = signatures.map(({ publicKey }) => publicKey as string)
  for (const [i, signature] of signatures.entries()) signature.publicKey = keys[(i + 1) % keys.length] as string
}
