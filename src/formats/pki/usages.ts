/** What a certificate may be used for (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12). */

import type { Certificate } from './certificate.ts'
import { DerReader, TAG } from './der.ts'

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
const MAX_PURPOSES = 32

/**
 * Why this certificate's key may not sign code or other artifacts, or null when it may: its purposes are stated and code
 * signing is one, its key makes signatures, it is no authority.
 *
 * @throws TlogError CERTIFICATE_MALFORMED
 */
export function codeSigningFault({ extensions }: Certificate): string | null {
  if (!purposes(extensions.get(EXTENDED_KEY_USAGE)).includes(CODE_SIGNING)) return 'it is not for signing code'
  if (isAuthority(extensions.get(BASIC_CONSTRAINTS))) return 'it is that of an authority'
  return makesSignatures(extensions.get(KEY_USAGE)) ? null : 'its key is not for signatures'
}

/**
 * As codeSigningFault, by the rules of OpenSSF Model Signing: signatures or code are among what it is for, and nothing that it
 * says of itself excludes them.
 *
 * @throws TlogError CERTIFICATE_MALFORMED
 */
export function modelSigningFault({ extensions }: Certificate): string | null {
  const [usage, extended] = [extensions.get(KEY_USAGE), extensions.get(EXTENDED_KEY_USAGE)]
  if (usage === undefined && extended === undefined) return 'it does not say what it is for'
  if (extended !== undefined && !purposes(extended).includes(CODE_SIGNING)) return 'it is not for signing code'
  return usage === undefined || makesSignatures(usage) ? null : 'its key is not for signatures'
}

function purposes(extension: Uint8Array | undefined): string[] {
  if (extension === undefined) return []
  const outer = new DerReader(extension, 'CERTIFICATE_MALFORMED')
  const list = outer.enter(TAG.sequence, 'extKeyUsage')
  outer.end('extKeyUsage')
  const found: string[] = []
  while (list.tag !== undefined) {
    if (found.length === MAX_PURPOSES) list.fail(`more than ${MAX_PURPOSES} purposes`)
    found.push(list.oid('a purpose'))
  }
  return found
}

/** DEFAULT FALSE: DER writes TRUE or nothing. */
function isAuthority(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false
  return new DerReader(extension, 'CERTIFICATE_MALFORMED').enter(TAG.sequence, 'basicConstraints').tag === TAG.boolean
}

/** Bit 0 of a BIT STRING is the highest of its first byte. */
function makesSignatures(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false
  const [, bits = 0] = new DerReader(extension, 'CERTIFICATE_MALFORMED').read(TAG.bitString, 'keyUsage')
  return bits >= 0x80
}
