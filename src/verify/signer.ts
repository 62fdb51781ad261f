/** Whether the signer is the one whom the caller named. */

import { digest } from '#crypto'
import type { KeyDetails } from '../crypto/algorithms.ts'
import { type Certificate, parseCertificate } from '../formats/pki/certificate.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import { codeSigningFault } from '../formats/pki/usages.ts'
import type { SigningMaterial } from '../formats/sigstore/bundle.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { TrustedSigner } from './trust.ts'
import type { VerdictSigner } from './verdict.ts'

/** The key to check with. A certificate has been read, not yet led to an authority. */
export type NamedSigner =
  | { readonly kind: 'key'; readonly key: PublicKey; readonly verifier: Material }
  | {
      readonly kind: 'identity'
      readonly key: PublicKey
      readonly verifier: Material
      readonly certificate: Certificate
      readonly name: string
      readonly issuer: string
    }

/** @throws TlogError SIGNER_MISMATCH, CERTIFICATE_UNTRUSTED, CERTIFICATE_MALFORMED, KEY_MALFORMED, KEY_NOT_ALLOWED */
export function requireNamed(material: SigningMaterial, named: TrustedSigner): NamedSigner {
  if (named.kind === 'key') {
    if (material.kind !== 'key') throw mismatch('a certificate signed, and a key was named')
    return { kind: 'key', key: named.key, verifier: { kind: 'publicKey', rawBytes: named.key.der } }
  }
  if (material.kind !== 'certificate') throw mismatch('a key signed, and an identity was named')
  const certificate = parseCertificate(material.leaf)
  requireOthers(material.others)
  requireIdentity(certificate, named)
  const fault = codeSigningFault(certificate)
  if (fault !== null) throw new TlogError('CERTIFICATE_UNTRUSTED', `the signing certificate: ${fault}`)
  const verifier: Material = { kind: 'x509Certificate', rawBytes: certificate.der }
  return { ...named, key: parseSpki(certificate.spki), verifier, certificate }
}

/** They are not used. A root among them looks like trust that comes with the bundle, so it is refused. */
function requireOthers(others: readonly Uint8Array[]): void {
  others.forEach((der, i) => {
    if (parseCertificate(der).isSelfIssued)
      throw new TlogError('CERTIFICATE_UNTRUSTED', `certificate ${i + 1} of the chain is a root`)
  })
}

function requireIdentity(
  { sans, issuer }: Certificate,
  named: { readonly name: string; readonly issuer: string },
): void {
  if (issuer !== named.issuer) throw mismatch(`${shown(issuer)} vouched for the signer, not ${shown(named.issuer)}`)
  if (!sans.some(({ value }) => value === named.name))
    throw mismatch(`${sans.map(({ value }) => shown(value)).join(', ') || 'nobody'} signed, not ${shown(named.name)}`)
}

export function describeSigner(
  signer: NamedSigner,
  algorithm: KeyDetails,
  certificateLogs: readonly Uint8Array[],
): VerdictSigner {
  const fingerprint = hex(digest('SHA2_256', signer.verifier.rawBytes))
  if (signer.kind === 'key') return { kind: 'key', algorithm, fingerprint }
  const { name, issuer } = signer
  return {
    kind: 'identity',
    algorithm,
    name,
    issuer,
    certificate: fingerprint,
    certificateLogs: certificateLogs.map(hex),
  }
}

function mismatch(why: string): TlogError {
  return new TlogError('SIGNER_MISMATCH', why)
}

function shown(name: string | undefined): string {
  return name === undefined ? 'nobody' : JSON.stringify(name.slice(0, 256))
}
