/**
 * An attempt with a certificate, kept until its bundle is there. Certificate and key live for this one signature: were the
 * log's answer lost, a new attempt would make another signature, and a second entry. The file is a bundle without entries,
 * and holds no secret; the key is gone.
 */

import { identityFault } from '../client/fulcio.ts'
import { type Certificate, parseCertificate } from '../formats/pki/certificate.ts'
import { parseSpki } from '../formats/pki/spki.ts'
import { validityOf } from '../formats/pki/validity.ts'
import { type Bundle, parseSigstoreBundle } from '../formats/sigstore/bundle.ts'
import { formatSigstoreBundle } from '../formats/sigstore/format-bundle.ts'
import type { IdentityToken } from '../formats/sigstore/identity-token.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { signedContent, verifySignature } from '../verify/signed-content.ts'
import type { Signed, Subject } from './subject.ts'

/** Where it is kept. */
export interface AttemptStore {
  load(): Uint8Array | null
  /** Durable once it returns. */
  save(attempt: Uint8Array): void
  clear(): void
}

export interface Attempt extends Signed {
  readonly certificate: Certificate
  readonly timestamps: readonly Uint8Array[]
}

export function formatAttempt({ material, content, timestamps }: Attempt): Uint8Array {
  return utf8(formatSigstoreBundle({ material, content, timestamps, entries: [] }))
}

export interface Wanted {
  readonly subject: Subject
  readonly token: IdentityToken
  readonly now: UnixMillis
}

/**
 * The attempt, if it can still become the bundle that is wanted: of the same subject, in the name of the token, with a
 * signature that is good, and not too late. Null: it is of no use any more.
 */
export async function resumable(file: Uint8Array, { subject, token, now }: Wanted): Promise<Attempt | null> {
  try {
    const { material, content, timestamps } = parseSigstoreBundle(file)
    if (material.kind !== 'certificate' || !isAbout(content, subject)) return null
    const certificate = parseCertificate(material.leaf)
    if (identityFault(certificate, token) !== null) return null
    if (timestamps.length === 0 && validityOf(certificate).notAfter < now) return null
    const verifier = { kind: 'x509Certificate' as const, rawBytes: certificate.der }
    await verifySignature(signedContent(content, parseSpki(certificate.spki), verifier, subject.artifact), false)
    return { material, content, timestamps, certificate }
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** Over a file the signature itself tells. */
function isAbout(content: Bundle['content'], subject: Subject): boolean {
  if (content.kind === 'message') return subject.kind === 'file'
  return subject.kind !== 'file' && equal(content.payload, subject.payload)
}
