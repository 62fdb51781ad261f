/**
 * Signatures over models that stand in no log, as most of OpenSSF Model Signing's do. That a signer signed is shown, and
 * nothing more: what comes back is another type than a verdict, so that neither passes for the other.
 */

import { digest } from '#crypto'
import type { KeyDetails } from '../crypto/algorithms.ts'
import { type Certificate, parseCertificate } from '../formats/pki/certificate.ts'
import { readCertificateParts } from '../formats/pki/certificate-parts.ts'
import { parseName } from '../formats/pki/name.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import { modelSigningFault } from '../formats/pki/usages.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { requireSubject } from './artifact.ts'
import type { VerifyPath } from './ports.ts'
import { signedContent, verifySignature } from './signed-content.ts'
import type { Gap, VerdictSigned } from './verdict.ts'
import { type Verified, verified } from './verified.ts'

/** Who must have signed. */
export type UnloggedSigner =
  | { readonly kind: 'key'; readonly key: PublicKey }
  /** A subject name of the certificate, or its common name where it has none; and whose roots count. DER. */
  | { readonly kind: 'certificate'; readonly name: string; readonly roots: readonly Uint8Array[] }

export interface UnloggedTrust {
  readonly signer: UnloggedSigner
  /** At which a certificate must hold: nobody says when it was signed. */
  readonly time: UnixMillis
  /** Null where it cannot be checked. */
  readonly verifyPath: VerifyPath | null
}

/** Hex for bytes. */
export interface UnloggedVerdict {
  readonly artifact: { readonly algorithm: 'SHA2_256'; readonly digest: string }
  readonly signed: VerdictSigned
  readonly signer: UnloggedVerdictSigner
  readonly notCovered: readonly (Gap | 'log')[]
}

export type UnloggedVerdictSigner =
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  | { readonly kind: 'key'; readonly algorithm: KeyDetails; readonly fingerprint: string }
  /** SHA-256 of the certificate, and of the root that it leads to. */
  | {
      readonly kind: 'certificate'
      readonly algorithm: KeyDetails
      readonly name: string
      readonly certificate: string
      readonly root: string
    }

/**
 * @param bundle from parseModelBundle
 * @param root over the model's files, from its manifest; whether the files are those is for the caller
 * @throws TlogError LOG_NOT_TRUSTED for a bundle with entries, which are for verifyBundle to judge; ARTIFACT_MISMATCH,
 *   SIGNER_MISMATCH, SIGNATURE_INVALID, CERTIFICATE_UNTRUSTED, CHECK_UNAVAILABLE, or the code of what could not be parsed
 */
export async function verifyUnlogged(
  { material, content, entries }: Bundle,
  root: Uint8Array,
  trust: UnloggedTrust,
): Promise<Verified<UnloggedVerdict>> {
  if (entries.length > 0)
    throw new TlogError('LOG_NOT_TRUSTED', 'the bundle has an entry of a log, which is to be verified too')
  if (content.kind !== 'envelope') throw new TlogError('ARTIFACT_MISMATCH', 'the bundle holds no statement')
  const signer = await requireSigner(material, trust)
  const artifact = new Map([['MODEL_ROOT', root] as const])
  const signed = signedContent(content, signer.key, signer.verifier, artifact)
  const { statement, subject } = requireSubject(content, artifact)
  await verifySignature(signed, true)
  return verified({
    artifact: { algorithm: 'SHA2_256', digest: hex(root) },
    signed: { kind: 'statement', predicateType: statement.predicateType, subject },
    signer: { ...signer.shown, algorithm: signed.algorithm.keyDetails },
    notCovered: ['log', 'time', 'claims', ...(signer.shown.kind === 'key' ? (['key owner'] as const) : [])],
  })
}

interface FoundSigner {
  readonly key: PublicKey
  readonly verifier: Material
  readonly shown:
    | { readonly kind: 'key'; readonly fingerprint: string }
    | { readonly kind: 'certificate'; readonly name: string; readonly certificate: string; readonly root: string }
}

async function requireSigner(
  material: Bundle['material'],
  { signer, time, verifyPath }: UnloggedTrust,
): Promise<FoundSigner> {
  if (signer.kind === 'key') {
    if (material.kind !== 'key') throw mismatch('a certificate signed, and a key was named')
    const { der } = signer.key
    return {
      key: signer.key,
      verifier: { kind: 'publicKey', rawBytes: der },
      shown: { kind: 'key', fingerprint: sha256(der) },
    }
  }
  if (material.kind !== 'certificate') throw mismatch('a key signed, and a certificate was named')
  if (verifyPath === null)
    throw new TlogError('CHECK_UNAVAILABLE', "a certificate's path to a root cannot be checked here")
  const { leaf, others } = material
  const certificate = parseCertificate(leaf)
  requireName(certificate, signer.name)
  const fault = modelSigningFault(certificate)
  if (fault !== null) throw new TlogError('CERTIFICATE_UNTRUSTED', `the signing certificate: ${fault}`)
  const root = await verifyPath({ leaf, others, roots: signer.roots }, time)
  return {
    key: parseSpki(certificate.spki),
    verifier: { kind: 'x509Certificate', rawBytes: leaf },
    shown: { kind: 'certificate', name: signer.name, certificate: sha256(leaf), root: sha256(root) },
  }
}

function requireName(certificate: Certificate, name: string): void {
  const names = namesOf(certificate)
  if (names.includes(name)) return
  const found = names.map((one) => JSON.stringify(one.slice(0, 256))).join(', ') || 'nobody'
  throw mismatch(`${found} signed, not ${JSON.stringify(name.slice(0, 256))}`)
}

/** Those that are stated as such; where there are none, what the subject is commonly called. */
function namesOf({ der, sans }: Certificate): string[] {
  if (sans.length > 0) return sans.map(({ value }) => value)
  return parseName(readCertificateParts(der).subject).flatMap(({ type, value }) => (type === 'CN' ? [value] : []))
}

function mismatch(why: string): TlogError {
  return new TlogError('SIGNER_MISMATCH', why)
}

function sha256(bytes: Uint8Array): string {
  return hex(digest('SHA2_256', bytes))
}
