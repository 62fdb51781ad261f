/** Bundles of logs made here, of both versions, so that every part can be made wrong. */

import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { logId } from '../../src/formats/c2sp/vkey.ts'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { type PublicKey, parseSpki } from '../../src/formats/pki/spki.ts'
import { formatBodyV2 } from '../../src/formats/sigstore/body-v2.ts'
import { canonicalJson } from '../../src/formats/sigstore/canonical-json.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { type TrustedRoot, trustedLogByKey, trustedV2Log } from '../../src/formats/sigstore/trusted-root.ts'
import { hash as nodeOf } from '../../src/kernel/brand.ts'
import { base64, hex, utf8 } from '../../src/kernel/bytes.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { head, logKey, type NoteKey, signedBy } from './support.ts'

export interface TestSigner {
  readonly privateKey: KeyObject
  readonly key: PublicKey
  readonly spki: Uint8Array
}

export function p256Signer(): TestSigner {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

export function p384Signer(): TestSigner {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)
}

export function ed25519Signer(): TestSigner {
  return signerOf(generateKeyPairSync('ed25519').privateKey)
}

function signerOf(privateKey: KeyObject): TestSigner {
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
  return { privateKey, key: parseSpki(spki), spki }
}

const START = '2026-01-01T00:00:00Z'
export const HOST = 'log.example'
export const V2_KEY = logKey(HOST, 21)
/** The v1 log's key. */
export const V1 = p256Signer()
export const V1_LOG = trustedLogByKey(`https://${HOST}`, V1.spki, { start: START })

export const ROOT: TrustedRoot = {
  tlogs: [trustedV2Log(`https://${HOST}`, V2_KEY.vkey, { start: START }), V1_LOG],
  certificateAuthorities: [],
  ctLogs: [],
  timestampAuthorities: [],
}

export const FILE = utf8('the file')
export const digestOf = (name: string, bytes: Uint8Array) => new Uint8Array(hash(name, bytes, 'buffer'))
export const ARTIFACT = new Map([
  ['SHA2_256', digestOf('sha256', FILE)],
  ['SHA2_384', digestOf('sha384', FILE)],
] as const)

export const STATEMENT = utf8(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://example.com/built',
    subject: [
      { name: 'other', digest: { sha256: '00' } },
      { name: 'file', digest: { sha256: hex(digestOf('sha256', FILE)) } },
    ],
  }),
)
export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** A leaf among two others: index 1 of 3. */
export async function proofOf(leaf: Uint8Array, origin: string, keys: readonly { line: NoteKey['line'] }[]) {
  const tree = treeOf([utf8('first'), leaf, utf8('third')])
  const root = nodeOf(tree.mth(0n, 3n))
  const note = await signedBy(head(origin, 3, root), ...(keys as NoteKey[]))
  return {
    logIndex: '1',
    rootHash: base64(root),
    treeSize: '3',
    hashes: tree.path(1n, 0n, 3n).map(base64),
    checkpoint: { envelope: new TextDecoder().decode(note) },
  }
}

export interface Parts {
  readonly signer: TestSigner
  /** Who signs the checkpoint. */
  readonly keys: readonly { line: NoteKey['line'] }[]
  readonly origin: string
  /** Of another file, by a P-256 key. */
  readonly signed?: { readonly digest: Uint8Array; readonly signature: Uint8Array }
}

/** A file's signature in the v2 log. */
export async function messageBundle({ signer, keys, origin, signed }: Parts) {
  const [algorithm, name, keyDetails] =
    signer.key.kind === 'ec' && signer.key.curve === 'P-384'
      ? (['SHA2_384', 'sha384', 'PKIX_ECDSA_P384_SHA_384'] as const)
      : (['SHA2_256', 'sha256', 'PKIX_ECDSA_P256_SHA_256'] as const)
  const signature = signed?.signature ?? new Uint8Array(sign(name, FILE, signer.privateKey))
  const digest = signed?.digest ?? digestOf(name, FILE)
  const verifier = { keyDetails, material: { kind: 'publicKey' as const, rawBytes: signer.spki } }
  const body = formatBodyV2({ algorithm, digest, signature, verifier })
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: '' },
      tlogEntries: [
        {
          logIndex: '1',
          logId: { keyId: base64(logId(HOST, V2_KEY.vkey.publicKey)) },
          kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
          inclusionProof: await proofOf(body, origin, keys),
          canonicalizedBody: base64(body),
        },
      ],
    },
    messageSignature: { messageDigest: { algorithm, digest: base64(digest) }, signature: base64(signature) },
  }
}

export const TREE_ID = '1193050959916656506'

/** The v1 log's line: ECDSA, under the host's name and the first bytes of the key's hash. */
export const V1_KEY = {
  async line(checkpoint: Parameters<NoteKey['line']>[0]) {
    const text = utf8(`${checkpoint.origin}\n${checkpoint.size}\n${base64(checkpoint.root)}\n`)
    const signature = new Uint8Array(sign('sha256', text, V1.privateKey))
    return { name: HOST, keyId: new DataView(V1_LOG.logId.buffer, V1_LOG.logId.byteOffset).getUint32(0), signature }
  },
}

/** An envelope in the v1 log, with a promise. */
export async function envelopeBundle(signer: TestSigner, payload = STATEMENT, payloadType = STATEMENT_TYPE) {
  const encoded = pae(payloadType, payload)
  const signature = new Uint8Array(sign(signer.key.kind === 'ed25519' ? null : 'sha256', encoded, signer.privateKey))
  const sha256 = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: hex(digestOf('sha256', bytes)) })
  const verifier = base64(utf8(formatPem(signer.spki, 'PUBLIC KEY')))
  const spec = {
    envelopeHash: sha256(utf8('lost')),
    payloadHash: sha256(payload),
    signatures: [{ signature: base64(signature), verifier }],
  }
  const body = canonicalJson({ apiVersion: '0.0.1', kind: 'dsse', spec })
  const promised = { body: base64(body), integratedTime: 1_780_000_000, logID: hex(V1_LOG.logId), logIndex: 900 }
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: '' },
      tlogEntries: [
        {
          logIndex: '900',
          logId: { keyId: base64(V1_LOG.logId) },
          kindVersion: { kind: 'dsse', version: '0.0.1' },
          integratedTime: '1780000000',
          inclusionPromise: {
            signedEntryTimestamp: base64(new Uint8Array(sign('sha256', canonicalJson(promised), V1.privateKey))),
          },
          inclusionProof: await proofOf(body, `${HOST} - ${TREE_ID}`, [V1_KEY]),
          canonicalizedBody: base64(body),
        },
      ],
    },
    dsseEnvelope: {
      payload: base64(payload),
      payloadType,
      signatures: [{ sig: base64(signature) }],
    },
  }
}
