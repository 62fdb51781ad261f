/** Certificate chains, as whoever hands them out should have looked at them once. */

import type { X509Certificate } from 'node:crypto'

/** Why these are no chain from the first to a root, or null: each is signed by the next, the last by itself. */
export function chainFault(chain: readonly X509Certificate[]): string | null {
  for (const [at, certificate] of chain.entries()) {
    const issuer = chain[at + 1] ?? certificate
    if (isBy(certificate, issuer)) continue
    return issuer === certificate
      ? 'the last certificate is no root: it is not signed by itself'
      : `certificate ${at} is not signed by certificate ${at + 1}`
  }
  return null
}

/** Whether some moment is inside all of the chain and the range; null ends are open. */
export function overlaps(chain: readonly X509Certificate[], from: number | null, until: number | null): boolean {
  const start = Math.max(from ?? 0, ...chain.map((each) => each.validFromDate.getTime()))
  const end = Math.min(until ?? Number.POSITIVE_INFINITY, ...chain.map((each) => each.validToDate.getTime()))
  return start <= end
}

function isBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
