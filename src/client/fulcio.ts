/** A certificate from a Fulcio certificate authority: for a key that was made a moment ago, in the name of a token. */

import { type Certificate, parseCertificate } from '../formats/pki/certificate.ts'
import { codeSigningFault } from '../formats/pki/usages.ts'
import {
  type CertificateQuestion,
  formatCertificateQuestion,
  parseCertificateAnswer,
} from '../formats/sigstore/fulcio.ts'
import type { IdentityToken } from '../formats/sigstore/identity-token.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ask, below, readAnswer, refusal, requirePrivate } from './ask.ts'

const GOOD = new Set([200, 201])

/**
 * It is about the key and the identity that were asked for; that the authority is one to trust is not checked here.
 * @throws TlogError SERVICE_REFUSED; SERVICE_UNREACHABLE; CERTIFICATE_UNTRUSTED when it is not what was asked for
 */
export async function requestCertificate(ask: Ask, url: string, question: CertificateQuestion): Promise<Certificate> {
  const place = below(url, '/api/v2/signingCert')
  requirePrivate(url)
  const answer = await ask({ url: place, body: formatCertificateQuestion(question), type: 'application/json' })
  if (!GOOD.has(answer.status)) throw refusal(place, answer, question.token.text)
  const [leaf = new Uint8Array()] = readAnswer(place, answer, parseCertificateAnswer)
  const certificate = parseCertificate(leaf)
  const fault = equal(certificate.spki, question.spki)
    ? identityFault(certificate, question.token)
    : 'it is for another key'
  if (fault !== null) throw new TlogError('CERTIFICATE_UNTRUSTED', `the certificate of ${url}: ${fault}`)
  return certificate
}

/** Why a certificate is not one for this token, or null. Names that an authority composes are for the reader to judge. */
export function identityFault(certificate: Certificate, token: IdentityToken): string | null {
  const { issuer, sans } = certificate
  if (issuer === undefined || (issuer !== token.issuer && issuer !== token.federatedIssuer))
    return `${JSON.stringify(issuer ?? 'nobody')} vouches for it, not ${JSON.stringify(token.issuer)}`
  if (token.email !== undefined && sans.every(({ type }) => type === 'email'))
    if (!sans.some(({ value }) => value === token.email)) return 'it is in the name of another'
  return codeSigningFault(certificate)
}
