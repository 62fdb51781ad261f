/** What entries are searched by: as lookup keys, and as the path of the small API that answers in pages (docs/api.md). */

import { parseHex } from '../kernel/bytes.ts'
import { asciiLowercase, caselessSubjectKey, digestKey, fingerprintKeys, subjectKey } from './lookup-key.ts'

export interface EntryQuery {
  /** `sha256:` and lowercase hex, or another algorithm. */
  readonly hash?: string | undefined
  readonly email?: string | undefined
  /** A name of any kind, letters A to Z in either case: so Rekor v1 looks for them. */
  readonly subject?: string | undefined
  /** SHA-256 of a SubjectPublicKeyInfo or a certificate, hex. */
  readonly fingerprint?: string | undefined
  /** Whether an entry must fit all of these, or one. */
  readonly operator: 'and' | 'or'
}

export const MAX_SUBJECT = 512

/** Fulcio's user names, the one kind of otherName that certificates of Sigstore have. */
const USERNAME_OID = '1.3.6.1.4.1.57264.1.7'

export interface Criteria {
  /** Each a set of lookup keys, of which an entry must be under one. None: nothing is found. */
  readonly criteria: readonly (readonly Uint8Array[])[]
  /** Whether an entry must fit all criteria, or one of them. */
  readonly operator: 'and' | 'or'
}

export function criteriaOf({ hash, email, subject, fingerprint, operator }: EntryQuery): Criteria {
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

/** Under which an entry is whose signer has the name, of any kind and in any case. */
function namesOf(name: string): Uint8Array[] {
  const value = asciiLowercase(name)
  const withCase = [{ type: 'uri', value } as const, { type: 'other', oid: USERNAME_OID, value } as const]
  const caseless = (['email', 'dns', 'ip'] as const).map((type) => ({ type, value }))
  return [...[...withCase, ...caseless].map(subjectKey), ...withCase.map(caselessSubjectKey)]
}

/** Parameters in their one order. */
export function formatEntryQuery({ hash, email, subject, fingerprint, operator }: EntryQuery): string {
  const text = (value: string | undefined) => (value === undefined ? undefined : encodeURIComponent(value))
  return Object.entries({ hash, email: text(email), subject: text(subject), fingerprint, operator })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join('&')
}
