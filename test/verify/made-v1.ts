/** Bundles of the v1 log of made.ts: of every kind of entry, in every version, with the promise alone or with the proof. */

import { sign } from 'node:crypto'
import { formatPem } from '../../src/formats/pki/pem.ts'
import { formatBodyV2 } from '../../src/formats/sigstore/body-v2.ts'
import { canonicalJson } from '../../src/formats/sigstore/canonical-json.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { base64, hex, utf8 } from '../../src/kernel/bytes.ts'
import {
  digestOf,
  FILE,
  HOST,
  messageBundle,
  type Parts,
  proofOf,
  STATEMENT,
  STATEMENT_TYPE,
  type TestSigner,
  TREE_ID,
  V1,
  V1_KEY,
  V1_LOG,
} from './made.ts'

export interface V1Form {
  readonly version: '0.1' | '0.2' | '0.3'
  readonly content: 'message' | 'envelope'
  readonly kind: 'hashedrekord' | 'dsse' | 'intoto'
  readonly hasProof: boolean
}

/** What is signed: the file of made.ts, or another one. */
export interface Signed {
  readonly file: Uint8Array
  readonly statement: Uint8Array
}

export const OWN: Signed = { file: FILE, statement: STATEMENT }

const TIME = 1_780_000_000
const sha256 = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: hex(digestOf('sha256', bytes)) })

export async function v1Bundle(signer: TestSigner, form: V1Form, signed = OWN): Promise<object> {
  const message = form.content === 'message' ? signed.file : pae(STATEMENT_TYPE, signed.statement)
  const signature = new Uint8Array(sign('sha256', message, signer.privateKey))
  const body = bodyOf(form.kind, { signer, signature, message, payload: signed.statement })
  const logIndex = 900
  const promised = canonicalJson({ body: base64(body), integratedTime: TIME, logID: hex(V1_LOG.logId), logIndex })
  const entry = {
    logIndex: String(logIndex),
    logId: { keyId: base64(V1_LOG.logId) },
    kindVersion: { kind: form.kind, version: form.kind === 'intoto' ? '0.0.2' : '0.0.1' },
    integratedTime: String(TIME),
    inclusionPromise: { signedEntryTimestamp: base64(new Uint8Array(sign('sha256', promised, V1.privateKey))) },
    canonicalizedBody: base64(body),
  }
  const inclusionProof = await proofOf(body, `${HOST} - ${TREE_ID}`, [V1_KEY])
  return {
    mediaType: `application/vnd.dev.sigstore.bundle+json;version=${form.version}`,
    verificationMaterial: {
      publicKey: { hint: 'mine' },
      tlogEntries: [form.hasProof ? { ...entry, inclusionProof } : entry],
    },
    ...contentOf(form.content, signature, signed),
  }
}

/** A statement in the v2 log, which sees the digest of its encoding. */
export async function v2EnvelopeBundle(parts: Parts, signed = OWN): Promise<object> {
  const { signer, keys, origin } = parts
  const message = pae(STATEMENT_TYPE, signed.statement)
  const signature = new Uint8Array(sign('sha256', message, signer.privateKey))
  const material = { kind: 'publicKey' as const, rawBytes: signer.spki }
  const body = formatBodyV2({
    algorithm: 'SHA2_256',
    digest: digestOf('sha256', message),
    signature,
    verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', material },
  })
  const made = await messageBundle(parts)
  const [entry] = made.verificationMaterial.tlogEntries
  const inclusionProof = await proofOf(body, origin, keys)
  return {
    mediaType: made.mediaType,
    verificationMaterial: {
      publicKey: { hint: 'mine' },
      tlogEntries: [{ ...entry, inclusionProof, canonicalizedBody: base64(body) }],
    },
    ...contentOf('envelope', signature, signed),
  }
}

function contentOf(content: V1Form['content'], signature: Uint8Array, { file, statement }: Signed): object {
  if (content === 'message') {
    const messageDigest = { algorithm: 'SHA2_256', digest: base64(digestOf('sha256', file)) }
    return { messageSignature: { messageDigest, signature: base64(signature) } }
  }
  const signatures = [{ sig: base64(signature), keyid: 'mine' }]
  return { dsseEnvelope: { payload: base64(statement), payloadType: STATEMENT_TYPE, signatures } }
}

interface Logged {
  readonly signer: TestSigner
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly payload: Uint8Array
}

function bodyOf(kind: V1Form['kind'], { signer, signature, message, payload }: Logged): Uint8Array {
  const verifier = base64(utf8(formatPem(signer.spki, 'PUBLIC KEY')))
  const sig = base64(signature)
  const lost = sha256(utf8('lost'))
  const specs = {
    hashedrekord: {
      data: { hash: sha256(message) },
      signature: { content: sig, publicKey: { content: verifier } },
    },
    dsse: { envelopeHash: lost, payloadHash: sha256(payload), signatures: [{ signature: sig, verifier }] },
    intoto: {
      content: {
        envelope: {
          payloadType: STATEMENT_TYPE,
          signatures: [{ publicKey: verifier, sig: base64(utf8(sig)) }],
        },
        hash: lost,
        payloadHash: sha256(payload),
      },
    },
  }
  const apiVersion = kind === 'intoto' ? '0.0.2' : '0.0.1'
  return canonicalJson({ apiVersion, kind, spec: specs[kind] })
}
