/** Keys by which entries are found: SHA-256 of `<type>:<value>`, normalised once, here (docs/formats.md). */

import { sha256 } from '#sha256'
import { hex, utf8 } from '../kernel/bytes.ts'
import type { SubjectAltName } from './pki/subject-alt-name.ts'

function lookupKey(raw: string): Uint8Array {
  return sha256(utf8(raw))
}

/** @param algorithm `sha256`, `sha384` or `sha512`. */
export function digestKey(algorithm: string, digest: Uint8Array): Uint8Array {
  return lookupKey(`digest:${algorithm}:${hex(digest)}`)
}

/** Of statements that speak of an artifact. @param digest `algorithm:hex`, in-toto's name of the algorithm */
export function statementAboutKey(digest: string): Uint8Array {
  return lookupKey(`subject:${digest}`)
}

/** Of statements by which something was made from an artifact. @param digest as of statementAboutKey */
export function statementFromKey(digest: string): Uint8Array {
  return lookupKey(`dependency:${digest}`)
}

/** @param spki DER SubjectPublicKeyInfo. */
export function publicKeyKey(spki: Uint8Array): Uint8Array {
  return lookupKey(`key:spki-sha256:${hex(sha256(spki))}`)
}

/** @param der the certificate as logged. */
export function certificateKey(der: Uint8Array): Uint8Array {
  return lookupKey(`cert:sha256:${hex(sha256(der))}`)
}

/** Of whichever of the two has this SHA-256. */
export function fingerprintKeys(fingerprint: Uint8Array): Uint8Array[] {
  return ['key:spki-sha256', 'cert:sha256'].map((type) => lookupKey(`${type}:${hex(fingerprint)}`))
}

export function subjectKey(name: SubjectAltName): Uint8Array {
  return lookupKey(`san:${spell(name)}`)
}

/**
 * A subject name in whatever case: so Rekor v1 looks for them. Most names are spelled without capitals, and found by
 * `subjectKey` alone; this one is of those that have some.
 */
export function caselessSubjectKey(name: SubjectAltName): Uint8Array {
  return lookupKey(`san-nocase:${spell({ ...name, value: asciiLowercase(name.value) })}`)
}

/** An identity with who vouched for it: the pair that matters for keyless signing. */
export function identityKey(issuer: string, name: SubjectAltName): Uint8Array {
  return lookupKey(`issuer+san:${issuer}\n${spell(name)}`)
}

function spell(name: SubjectAltName): string {
  if (name.type === 'other') return `other:${name.oid}:${name.value}`
  const value = name.type === 'email' || name.type === 'dns' ? asciiLowercase(name.value) : name.value
  return `${name.type}:${value}`
}

/** Not toLowerCase: that folds letters outside ASCII, where two names would become one. */
export function asciiLowercase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
