/** Sigstore bundles 0.3, written; bundle.ts reads them. */

import { base64 } from '../../kernel/bytes.ts'
import type { JsonObject } from '../json.ts'
import type { Bundle, SigningMaterial } from './bundle.ts'
import type { BundleEntry, BundleProof } from './bundle-entry.ts'
import { envelopeJson } from './dsse.ts'

/** A single certificate: the others are for verifiers to know. Without times of their own, v2 entries carry none. */
export function formatSigstoreBundle({ material, entries, timestamps, content }: Omit<Bundle, 'version'>): string {
  const stamps = timestamps.map((response) => ({ signedTimestamp: base64(response) }))
  const bundle: JsonObject = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      ...materialJson(material),
      tlogEntries: entries.map(entryJson),
      ...(stamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps: stamps } }),
    },
    ...contentJson(content),
  }
  return JSON.stringify(bundle)
}

function materialJson(material: SigningMaterial): JsonObject {
  return material.kind === 'key'
    ? { publicKey: { hint: material.hint } }
    : { certificate: { rawBytes: base64(material.leaf) } }
}

function contentJson(content: Bundle['content']): JsonObject {
  if (content.kind === 'envelope')
    return { dsseEnvelope: envelopeJson({ ...content, signatures: [{ sig: content.signature, keyid: '' }] }) }
  const { digest, signature } = content
  const hint = digest === null ? {} : { messageDigest: { algorithm: digest.algorithm, digest: base64(digest.bytes) } }
  return { messageSignature: { ...hint, signature: base64(signature) } }
}

function entryJson({ index, logId, kind, version, integratedTime, promise, proof, body }: BundleEntry): JsonObject {
  return {
    logIndex: String(index),
    logId: { keyId: base64(logId) },
    kindVersion: { kind, version },
    ...(integratedTime === 0 ? {} : { integratedTime: String(integratedTime) }),
    ...(promise === null ? {} : { inclusionPromise: { signedEntryTimestamp: base64(promise) } }),
    ...(proof === null ? {} : { inclusionProof: proofJson(proof) }),
    canonicalizedBody: base64(body),
  }
}

function proofJson({ index, root, size, path, checkpoint }: BundleProof): JsonObject {
  return {
    logIndex: String(index),
    rootHash: base64(root),
    treeSize: String(size),
    hashes: path.map(base64),
    ...(checkpoint === null ? {} : { checkpoint: { envelope: checkpoint } }),
  }
}
