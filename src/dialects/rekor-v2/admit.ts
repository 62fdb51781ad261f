/**
 * Rekor v2: a checked signature over a digest becomes a hashedrekord 0.0.2 leaf. A DSSE envelope is logged the same way,
 * over the digest of its PAE, which is kept beside the log. Pure but for crypto.
 */

import * as crypto from '#crypto'
import { type BodyV2, formatBodyV2 } from '../../formats/sigstore/body-v2.ts'
import type { Envelope } from '../../formats/sigstore/dsse.ts'
import { pae } from '../../formats/sigstore/dsse.ts'
import type { RequestV2 } from '../../formats/sigstore/request-v2.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Attachment, Entry } from '../../log/ports.ts'
import { DIGEST_TYPES, lookupKeys, paeKeys } from './keys.ts'
import { type ResolvedVerifier, resolveVerifier } from './verifier.ts'

export interface Admission {
  /** A PAE above this is not kept; its entry is logged all the same. In bytes. */
  readonly attachmentLimit: number
}

/** Exactly one signature: the envelope is rebuilt from its PAE and the signature in the leaf. */
const SIGNATURES = 1

/**
 * @throws TlogError with a 4xx code naming what is wrong with the request; LOG_BUSY when too many signatures wait to be
 *   checked.
 */
export async function admit(request: RequestV2, admission: Admission): Promise<Entry> {
  return request.kind === 'dsse' ? await admitEnvelope(request, admission) : await admitDigest(request)
}

async function admitDigest(request: RequestV2 & { kind: 'hashedrekord' }): Promise<Entry> {
  const verifier = resolveVerifier(request.verifier)
  const { digest, signature } = request
  await crypto.verifyDigest({ algorithm: verifier.algorithm, key: verifier.key, digest, signature })
  return makeEntry(verifier, digest, signature, [])
}

async function admitEnvelope(request: RequestV2 & { kind: 'dsse' }, admission: Admission): Promise<Entry> {
  const { envelope } = request
  const [requested, ...others] = request.verifiers
  if (requested === undefined || others.length > 0)
    throw new TlogError(
      'FIELD_INVALID',
      `dsseRequestV002.verifiers: ${request.verifiers.length} given, exactly one is taken`,
    )
  const verifier = resolveVerifier(requested)
  const { algorithm, key } = verifier
  const signature = onlySignature(envelope)
  const message = pae(envelope.payloadType, envelope.payload)
  await crypto.verifyMessage({ algorithm, key, message, signature })
  const digest = crypto.digest(algorithm.digest, message)
  const kept: Attachment = { algorithm: DIGEST_TYPES[algorithm.digest], digest, content: message }
  return makeEntry(verifier, digest, signature, message.length <= admission.attachmentLimit ? [kept] : [])
}

function onlySignature(envelope: Envelope): Uint8Array {
  const [only] = envelope.signatures
  if (only === undefined || envelope.signatures.length !== SIGNATURES)
    throw new TlogError(
      'FIELD_INVALID',
      `dsseRequestV002.envelope.signatures: ${envelope.signatures.length} given, exactly one is taken; log each signature by itself`,
    )
  return only.sig
}

function makeEntry(
  verifier: ResolvedVerifier,
  digest: Uint8Array,
  signature: Uint8Array,
  attachments: readonly Attachment[],
): Entry {
  const body: BodyV2 = { algorithm: verifier.algorithm.digest, digest, signature, verifier: verifier.logged }
  const named = attachments.flatMap(({ content }) => paeKeys(content))
  return { leaf: formatBodyV2(body), keys: [...lookupKeys(body, verifier), ...named], attachments }
}
