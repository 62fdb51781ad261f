/**
 * The bundles of OpenSSF Model Signing: Sigstore's, and two forms of signing material that Sigstore has not in its newest
 * version: a chain of certificates, and a key that comes along, as the reference implementation wrote it before 1.1.
 */

import { base64 } from '../../kernel/bytes.ts'
import { type Read, text } from '../fields.ts'
import { isJsonObject, type JsonObject } from '../json.ts'
import {
  type Bundle,
  chain,
  keyHint,
  type MaterialForms,
  parseBundleWith,
  type SigningMaterial,
  signingMaterial,
} from '../sigstore/bundle.ts'
import { formatSigstoreBundle } from '../sigstore/format-bundle.ts'
import { bytes, message } from '../sigstore/protojson.ts'

/** The bundle's own word of whose key it is counts for nothing: it is read, and left. */
const ownKey: Read<SigningMaterial> = message((fields) => {
  fields.required('rawBytes', bytes)
  fields.optional('keyDetails', text)
  return { kind: 'key', hint: '' }
})

const forms: MaterialForms = (version) => ({
  ...signingMaterial(version),
  x509CertificateChain: chain,
  publicKey: (value, path) => (isJsonObject(value) && 'rawBytes' in value ? ownKey : keyHint)(value, path),
})

/** @throws TlogError as parseSigstoreBundle does */
export function parseModelBundle(file: Uint8Array): Bundle {
  return parseBundleWith(file, forms)
}

/** In no log; certificates as the chain that OpenSSF Model Signing has them in. */
export function formatModelBundle({ material, content }: Pick<Bundle, 'material' | 'content'>): string {
  const none = { entries: [], timestamps: [], content }
  if (material.kind === 'key') return formatSigstoreBundle({ ...none, material })
  const { leaf, others } = material
  const certificates = [leaf, ...others].map((der) => ({ rawBytes: base64(der) }))
  const { verificationMaterial: _, ...rest } = JSON.parse(formatSigstoreBundle({ ...none, material })) as JsonObject
  return JSON.stringify({
    ...rest,
    verificationMaterial: { x509CertificateChain: { certificates }, tlogEntries: [] },
  })
}
