/** Signed notes (c2sp.org/signed-note) with Ed25519, written apart from src/ so that it cannot share its mistakes. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto'

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

export interface NoteKey {
  readonly vkey: string
  /** The private key as Go's note package reads it. */
  readonly skey: string
  /** The text (ending in a newline) with this key's signature under it. */
  sign(text: string): string
}

/** A new key under a name that need not be ours: what an impostor would hold. */
export function createNoteKey(name: string): NoteKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(ED25519_SPKI.length)
  const typed = Buffer.concat([Buffer.of(1), raw])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  return {
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    skey: `PRIVATE+KEY+${name}+${id.toString('hex')}+${Buffer.concat([Buffer.of(1), seed]).toString('base64')}`,
    sign(text) {
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)])
      return `${text}\n— ${name} ${signature.toString('base64')}\n`
    },
  }
}

/** The Ed25519 key of a vkey as SPKI in PEM, which Sigstore's libraries read. */
export function pemOfVkey(vkey: string): string {
  const [, , key = ''] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/.exec(vkey) ?? []
  const typed = Buffer.from(key, 'base64')
  if (typed.length !== 33 || typed[0] !== 1) throw new Error(`not an Ed25519 vkey: ${vkey}`)
  const der = Buffer.concat([ED25519_SPKI, typed.subarray(1)]).toString('base64')
  return `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`
}
