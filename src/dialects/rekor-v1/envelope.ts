/** The signatures of a DSSE envelope, each by a key of its own, as Rekor v1 wants them. */

import * as crypto from '#crypto'
import { envelopeAlgorithm } from '../../crypto/algorithms.ts'
import type { PemBlock } from '../../formats/pki/pem.ts'
import type { PublicKey } from '../../formats/pki/spki.ts'
import { pae } from '../../formats/sigstore/dsse.ts'
import type { EnvelopeText } from '../../formats/sigstore/proposals-v1.ts'
import { TlogError } from '../../kernel/error.ts'
import { readSigner } from './signer.ts'

/**
 * The verifier of each signature, by the signature's base64. Verifiers are asked in order, until every signature has one;
 * each answers for the first signature that it verifies, and must answer for one. Key IDs are ignored.
 *
 * @throws TlogError SIGNATURE_INVALID, FIELD_INVALID, and as readSigner does; LOG_BUSY.
 */
export async function requireVerifiers(
  envelope: EnvelopeText,
  verifiers: readonly PemBlock[],
): Promise<ReadonlyMap<string, PemBlock>> {
  const message = pae(envelope.payloadType, envelope.payload)
  const verified = new Map<string, PemBlock>()
  const distinct = new Set(envelope.signatures.map(({ encoded }) => encoded)).size
  for (const [at, verifier] of verifiers.entries()) {
    if (verified.size === distinct) break
    const { key } = readSigner(verifier)
    verified.set(await firstSignatureBy(key, envelope, { message, at }), verifier)
  }
  if (verified.size < distinct)
    throw new TlogError('SIGNATURE_INVALID', `${distinct - verified.size} of ${distinct} signatures have no verifier`)
  return verified
}

async function firstSignatureBy(
  key: PublicKey,
  { signatures }: EnvelopeText,
  { message, at }: { readonly message: Uint8Array; readonly at: number },
): Promise<string> {
  for (const { bytes, encoded } of signatures) if (await isSignatureBy(key, message, bytes)) return encoded
  throw new TlogError('SIGNATURE_INVALID', `verifiers[${at}]: no signature of the envelope is by this key`)
}

async function isSignatureBy(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    await requireSignature(key, message, signature)
    return true
  } catch (error) {
    if (error instanceof TlogError && error.code === 'SIGNATURE_INVALID') return false
    throw error
  }
}

/** Ed25519 signs the message itself; every other key its SHA-256. @throws TlogError SIGNATURE_INVALID, LOG_BUSY */
export async function requireSignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<void> {
  const algorithm = envelopeAlgorithm(key)
  if (key.kind === 'ed25519') await crypto.verifyEd25519(key.bytes, message, signature)
  else if (algorithm !== null) await crypto.verifyMessage({ algorithm, key, message, signature })
}
