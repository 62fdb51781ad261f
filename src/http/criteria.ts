/** What entries are searched by, as lookup keys and as the path of the small API that answers in pages. */

import { digestKey, fingerprintKeys, subjectKey } from '../formats/lookup-key.ts'
import { parseHex } from '../kernel/bytes.ts'
import type { Criteria } from './matches.ts'

export interface Asked {
  /** `sha256:` and lowercase hex, or another algorithm. */
  readonly hash?: string | undefined
  readonly email?: string | undefined
  /** A name of any kind. */
  readonly subject?: string | undefined
  /** SHA-256 of a SubjectPublicKeyInfo or a certificate, hex. */
  readonly fingerprint?: string | undefined
}

export const MAX_SUBJECT = 512

/** Fulcio's user names, the one kind of otherName that certificates of Sigstore have. */
const USERNAME_OID = '1.3.6.1.4.1.57264.1.7'

export function criteriaOf({ hash, email, subject, fingerprint }: Asked, operator: Criteria['operator']): Criteria {
  const criteria: Uint8Array[][] = []
  if (hash !== undefined) {
    const [algorithm = '', digits = ''] = hash.split(':')
    criteria.push([digestKey(algorithm, parseHex(digits))])
  }
  if (email !== undefined) criteria.push([subjectKey({ type: 'email', value: email })])
  if (subject !== undefined) criteria.push(namesOf(subject))
  if (fingerprint !== undefined) criteria.push(fingerprintKeys(parseHex(fingerprint)))
  return { criteria, operator }
}

function namesOf(value: string): Uint8Array[] {
  const plain = (['email', 'uri', 'dns', 'ip'] as const).map((type) => subjectKey({ type, value }))
  return [...plain, subjectKey({ type: 'other', oid: USERNAME_OID, value })]
}

/** `/entries?…`, to which parameters may be added. */
export function entriesPath({ hash, email, subject, fingerprint }: Asked, operator: Criteria['operator']): string {
  const said = Object.entries({ hash, email, subject, fingerprint, operator }).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`${name}=${name === 'email' || name === 'subject' ? encodeURIComponent(value) : value}`],
  )
  return `/entries?${said.join('&')}`
}
