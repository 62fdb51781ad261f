/** Random rekord entries: a file with its detached signature, in the form of each tool, whole and spoilt. */

import { base64, parseBase64, utf8 } from '../../../src/kernel/bytes.ts'
import { Minisign, type Signed, Ssh } from '../../formats/detached.ts'
import type { Chance } from './chance.ts'
import { digestOf, type Signer } from './signers.ts'

const b64 = (bytes: Uint8Array | string): string => base64(typeof bytes === 'string' ? utf8(bytes) : bytes)

type Change = readonly [name: string, change?: () => unknown]

export class Rekords {
  readonly #chance: Chance
  readonly #signers: readonly Signer[]
  readonly #minisign: readonly Minisign[]
  readonly #ssh = (['ed25519', 'nistp256', 'nistp384', 'nistp521'] as const).map((type) => new Ssh(type))
  readonly #rsa = new Ssh('rsa')

  constructor(chance: Chance, signers: readonly Signer[]) {
    this.#chance = chance
    this.#signers = signers
    this.#minisign = [new Minisign(chance.bytes(8)), new Minisign(chance.bytes(8))]
  }

  next(verifierOf: (signer: Signer) => string): { spec: unknown; change: string } {
    const chance = this.#chance
    const file = chance.bytes(1 + chance.below(64))
    const format = chance.pick(['x509', 'minisign', 'ssh'])
    const signed = this.#signed(format, file, verifierOf)
    const data: Record<string, unknown> = { content: b64(file) }
    const signature = { format, content: b64(signed.signature), publicKey: { content: b64(signed.key) } }
    const spec: Record<string, unknown> = { data, signature }
    const [change, apply] = chance.pick<Change>([
      ...this.#changes(data, signature, file),
      ...this.#own(format, signature, file),
    ])
    apply?.()
    return { spec, change }
  }

  #signed(
    format: string,
    file: Uint8Array,
    verifierOf: (signer: Signer) => string,
  ): { signature: Uint8Array; key: string } {
    const chance = this.#chance
    if (format === 'x509') {
      const signer = chance.pick(this.#signers)
      return { signature: signer.signMessage(file), key: verifierOf(signer) }
    }
    const tool = format === 'ssh' ? chance.pick(this.#ssh) : null
    const { signature, key } = tool?.sign(file) ?? chance.pick(this.#minisign).sign(file, chance.below(2) === 0)
    return { signature: utf8(signature), key }
  }

  #changes(data: Record<string, unknown>, signature: Record<string, unknown>, file: Uint8Array): Change[] {
    const hash = { algorithm: 'sha256', value: digestOf('sha256', file) }
    return [
      ['whole'],
      ['whole'],
      ['whole'],
      ['with its hash', () => Object.assign(data, { hash })],
      ['another hash', () => Object.assign(data, { hash: { ...hash, value: digestOf('sha256', utf8('another')) } })],
      ['capital hex', () => Object.assign(data, { hash: { ...hash, value: hash.value.toUpperCase() } })],
      ['a hash alone', () => Object.assign(data, { hash, content: null })],
      [
        'another algorithm',
        () => Object.assign(data, { hash: { algorithm: 'sha512', value: digestOf('sha512', file) } }),
      ],
      ['another file', () => Object.assign(data, { content: b64('another') })],
      ['an empty file', () => Object.assign(data, { content: '' })],
      ['a URL alone', () => Object.assign(data, { content: null, url: 'http://127.0.0.1:1/' })],
      ['more fields', () => Object.assign(data, { url: 'http://127.0.0.1:1/', more: [] })],
      ['no format', () => Object.assign(signature, { format: null })],
      ['another format', () => Object.assign(signature, { format: 'pgp' })],
      ['an empty signature', () => Object.assign(signature, { content: '' })],
      ['no key', () => Object.assign(signature, { publicKey: {} })],
      ['no signature', () => Object.assign(signature, { content: b64('none') })],
    ]
  }

  #named(file: Uint8Array): Signed {
    return new Ssh('ed25519').sign(file, { named: new Ssh('ed25519') })
  }

  /** What is for one tool alone. */
  #own(format: string, signature: Record<string, unknown>, file: Uint8Array): Change[] {
    const chance = this.#chance
    if (format === 'x509')
      return [
        ['signed as a file', () => set(signature, { signature: b64ToText(chance.pick(this.#signers).signFile(file)) })],
      ]
    const text = String.fromCharCode(...parseBase64(String(signature.content)))
    const key = String.fromCharCode(...parseBase64((signature.publicKey as { content: string }).content))
    if (format === 'minisign')
      return [
        ['minisign: two lines', () => set(signature, { signature: text.split('\n', 2).join('\n') })],
        ['minisign: the key alone', () => set(signature, { key: key.split('\n')[1] ?? '' })],
        [
          'minisign: carriage returns',
          () => set(signature, { signature: text.replaceAll('\n', '\r\n'), key: key.replaceAll('\n', '\r\n') }),
        ],
        ["minisign: another's key", () => set(signature, new Minisign(chance.bytes(8)).sign(file, false), 'key')],
        ['minisign: three lines', () => set(signature, { signature: text.split('\n', 3).join('\n') })],
        ['minisign: another ID', () => set(signature, { key: key.replace(/(?<=\n.{4}).{4}/, 'AAAA') })],
      ]
    return [
      ['ssh: no comment', () => set(signature, { key: key.split(' ', 2).join(' ') })],
      ['ssh: white space', () => set(signature, { signature: `\n${text}\n\n`, key: `\n ${key}\n\n` })],
      ["ssh: another's key", () => set(signature, chance.pick(this.#ssh).sign(file), 'key')],
      ["ssh: another's signature", () => set(signature, chance.pick(this.#ssh).sign(file), 'signature')],
      ['ssh: another namespace', () => set(signature, chance.pick(this.#ssh).sign(file, { namespace: 'git' }))],
      ['ssh: under another name', () => set(signature, this.#named(file))],
      ['ssh: RSA', () => set(signature, this.#rsa.sign(file))],
    ]
  }
}

function b64ToText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

function set(signature: Record<string, unknown>, files: Partial<Signed>, only?: keyof Signed): void {
  if (files.signature !== undefined && only !== 'key')
    Object.assign(signature, { content: base64(Uint8Array.from(files.signature, (letter) => letter.charCodeAt(0))) })
  if (files.key !== undefined && only !== 'signature')
    Object.assign(signature, { publicKey: { content: b64(files.key) } })
}
