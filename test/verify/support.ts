/** Logs and witnesses made for tests: keys from seeds, checkpoints, cosignatures of both kinds. */

import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import t from 'tap'
import { importEd25519Seed, signEd25519 } from '../../src/crypto/node.ts'
import { type Checkpoint, formatCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { cosignedText, cosignedTree } from '../../src/formats/c2sp/cosignature.ts'
import { formatNote, type NoteSignature } from '../../src/formats/c2sp/note.ts'
import { createVkey, KEY_TYPE, type Vkey } from '../../src/formats/c2sp/vkey.ts'
import { formatDer, formatOid, TAG } from '../../src/formats/pki/der.ts'
import { type Hash, treeSize } from '../../src/kernel/brand.ts'
import { concat } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'

export interface NoteKey {
  readonly vkey: Vkey
  /** The line over a checkpoint. */
  line(checkpoint: Checkpoint, time?: number): Promise<NoteSignature>
}

export function logKey(name: string, seed: number): NoteKey {
  const key = importEd25519Seed(new Uint8Array(32).fill(seed))
  const vkey = createVkey(name, KEY_TYPE.ed25519, key.publicKey)
  return {
    vkey,
    async line(checkpoint) {
      return { name, keyId: vkey.keyId, signature: await signEd25519(key, formatCheckpoint(checkpoint)) }
    },
  }
}

export function witnessKey(name: string, seed: number): NoteKey {
  const key = importEd25519Seed(Uint8Array.from({ length: 32 }, (_, i) => (seed + i * 7) % 256))
  const vkey = createVkey(name, KEY_TYPE.cosignature, key.publicKey)
  return {
    vkey,
    async line(checkpoint, time = 1_700_000_000) {
      const signature = await signEd25519(key, cosignedText(time, formatCheckpoint(checkpoint)))
      return { name, keyId: vkey.keyId, signature: concat(uint64(time), signature) }
    },
  }
}

export function mlDsaKey(name: string, seed: number): NoteKey {
  const privateKey = mlDsaPrivateKey(new Uint8Array(32).fill(seed))
  const vkey = createVkey(name, KEY_TYPE.mlDsa44, mlDsaPublicKey(privateKey))
  return {
    vkey,
    async line(checkpoint, time = 1_700_000_000) {
      const signature = sign(null, cosignedTree(time, name, checkpoint), privateKey)
      return { name, keyId: vkey.keyId, signature: concat(uint64(time), signature) }
    },
  }
}

/** RFC 9881: a seed behind [0]. */
function mlDsaPrivateKey(seed: Uint8Array): KeyObject {
  const der = formatDer(
    TAG.sequence,
    formatDer(TAG.integer, Uint8Array.of(0)),
    formatDer(TAG.sequence, formatOid('2.16.840.1.101.3.4.3.17')),
    formatDer(TAG.octetString, formatDer(0x80, seed)),
  )
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

function mlDsaPublicKey(key: KeyObject): Uint8Array {
  const { pub = '' } = key.export({ format: 'jwk' }) as { pub?: string }
  return new Uint8Array(Buffer.from(pub, 'base64url'))
}

export function head(origin: string, size: number, root: Hash): Checkpoint {
  return { origin, size: treeSize(size), root, extensions: [] }
}

export async function signedBy(checkpoint: Checkpoint, ...keys: readonly NoteKey[]): Promise<Uint8Array> {
  return noteOf(checkpoint, await Promise.all(keys.map((key) => key.line(checkpoint))))
}

export function noteOf(checkpoint: Checkpoint, signatures: readonly NoteSignature[]): Uint8Array {
  return formatNote({ text: formatCheckpoint(checkpoint), signatures })
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** `ok`, or the code of the TlogError; any other exception is a bug and is thrown. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'ok'
  } catch (error) {
    if (error instanceof TlogError) return error.code
    throw error
  }
}

export async function refusedWith(code: string, run: () => unknown, name: string): Promise<void> {
  t.equal(await codeOf(run), code, name)
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return out
}
