/** Rekor v1 finds a signer's names with letters in either case: what is written for that, and what is asked. */

import { asciiLowercase, caselessSubjectKey, subjectKey } from '../../formats/lookup-key.ts'
import type { Certificate } from '../../formats/pki/certificate.ts'

/** Fulcio's user names, the one kind of otherName that certificates of Sigstore have. */
const USERNAME_OID = '1.3.6.1.4.1.57264.1.7'

/** Beside the keys of the names as they stand: of those that have capitals, and whose keys keep them. */
export function caselessKeys(certificate: Certificate | null): Uint8Array[] {
  const names = certificate?.sans.filter(({ type }) => type === 'uri' || type === 'other') ?? []
  return names.filter(({ value }) => value !== asciiLowercase(value)).map(caselessSubjectKey)
}

/** Under which an entry is whose signer has the name, of any kind and in any case. */
export function keysOfName(name: string): Uint8Array[] {
  const value = asciiLowercase(name)
  const withCase = [{ type: 'uri', value } as const, { type: 'other', oid: USERNAME_OID, value } as const]
  const caseless = (['email', 'dns', 'ip'] as const).map((type) => ({ type, value }))
  return [...[...withCase, ...caseless].map(subjectKey), ...withCase.map(caselessSubjectKey)]
}
