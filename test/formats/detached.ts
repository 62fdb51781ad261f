/** Signers as minisign and OpenSSH are, of keys made for the moment, and the files that those tools write. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { sshString, sshUint32 } from '../../src/formats/ssh/wire.ts'
import { base64, concat, utf8 } from '../../src/kernel/bytes.ts'
import { hashOf } from '../dialects/rekor-v2/support.ts'

/** A signature file and the file of its key. */
export interface Signed {
  readonly signature: string
  readonly key: string
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

function coordinate({ publicKey }: Pair, name: 'x' | 'y'): Uint8Array {
  return new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' })[name] ?? '', 'base64url'))
}

export class Minisign {
  readonly #pair = generateKeyPairSync('ed25519')
  readonly #id: Uint8Array

  constructor(id: Uint8Array) {
    this.#id = id
  }

  sign(file: Uint8Array, isPrehashed: boolean): Signed {
    const message = isPrehashed ? blake2b(file) : file
    const bytes = new Uint8Array(sign(null, message, this.#pair.privateKey))
    const line = base64(concat(utf8(isPrehashed ? 'ED' : 'Ed'), this.#id, bytes))
    const global = base64(new Uint8Array(sign(null, concat(bytes, utf8('of today')), this.#pair.privateKey)))
    const key = base64(concat(utf8('Ed'), this.#id, coordinate(this.#pair, 'x')))
    return {
      signature: `untrusted comment: a\n${line}\ntrusted comment: of today\n${global}\n`,
      key: `untrusted comment: b\n${key}\n`,
    }
  }
}

export const SSH_TYPES = ['ed25519', 'nistp256', 'nistp384', 'nistp521', 'rsa'] as const
export type SshType = (typeof SSH_TYPES)[number]

const EC = {
  nistp256: ['P-256', 'sha256'],
  nistp384: ['P-384', 'sha384'],
  nistp521: ['P-521', 'sha512'],
} as const

export class Ssh {
  readonly #type: SshType
  readonly #name: string
  readonly #pair: Pair

  constructor(type: SshType) {
    this.#type = type
    this.#name = type === 'ed25519' || type === 'rsa' ? `ssh-${type}` : `ecdsa-sha2-${type}`
    if (type === 'ed25519') this.#pair = generateKeyPairSync('ed25519')
    else if (type === 'rsa') this.#pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    else this.#pair = generateKeyPairSync('ec', { namedCurve: EC[type][0] })
  }

  /** @param named whose signature it says it is */
  sign(file: Uint8Array, { namespace = 'file', named }: { namespace?: string; named?: Ssh } = {}): Signed {
    const parts = [utf8(namespace), new Uint8Array(), utf8('sha512')]
    const message = concat(utf8('SSHSIG'), ...[...parts, hashOf('SHA2_512', file)].map(sshString))
    const blob = this.#blob()
    const wrapped = [named === undefined ? blob : named.#blob(), ...parts, this.#signature(message)].map(sshString)
    const lines = base64(concat(utf8('SSHSIG'), sshUint32(1), ...wrapped)).match(/.{1,70}/g) ?? []
    return {
      signature: `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`,
      key: `${this.#name} ${base64(blob)} someone@example.org\n`,
    }
  }

  #blob(): Uint8Array {
    const name = utf8(this.#name)
    if (this.#type === 'ed25519') return concat(sshString(name), sshString(coordinate(this.#pair, 'x')))
    if (this.#type === 'rsa') {
      const { e = '', n = '' } = this.#pair.publicKey.export({ format: 'jwk' })
      return concat(sshString(name), ...[e, n].map((text) => number(new Uint8Array(Buffer.from(text, 'base64url')))))
    }
    const point = concat(Uint8Array.of(4), coordinate(this.#pair, 'x'), coordinate(this.#pair, 'y'))
    return concat(...[name, utf8(this.#type), point].map(sshString))
  }

  #signature(message: Uint8Array): Uint8Array {
    const { privateKey } = this.#pair
    if (this.#type === 'rsa') return typed('rsa-sha2-512', sign('sha512', message, privateKey))
    if (this.#type === 'ed25519') return typed(this.#name, sign(null, message, privateKey))
    const both = sign(EC[this.#type][1], message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const half = both.length / 2
    return typed(this.#name, concat(number(both.subarray(0, half)), number(both.subarray(half))))
  }
}

function typed(type: string, signature: Uint8Array): Uint8Array {
  return concat(sshString(utf8(type)), sshString(signature))
}

/** `mpint`. */
function number(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0)
  const shortest = bytes.subarray(from)
  return sshString((shortest[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), shortest) : shortest)
}
