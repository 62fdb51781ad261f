/** DER: a certificate, a public key, an RFC 3161 response. */

import { DerReader, TAG } from '../../formats/pki/der.ts'
import type { Kind, Sample } from './kind.ts'
import { orNull } from './show-entry.ts'
import { isCertificate, showCertificate, showKey } from './show-key.ts'
import { showTimestamp } from './show-timestamp.ts'
import { attempt, type Content, part, parts } from './tree.ts'

export const timestamp = derKind(
  'rfc3161-response',
  'an RFC 3161 timestamp response',
  'timestamp',
  isTimestamp,
  showTimestamp,
)
export const certificate = derKind('certificate', 'a certificate in DER', 'certificate', isCertificate, showCertificate)
export const publicKey = derKind('public-key', 'a public key in DER', 'public key', isKey, showKey)

function derKind(
  name: string,
  title: string,
  label: string,
  is: (der: Uint8Array) => boolean,
  show: (der: Uint8Array) => Content,
): Kind {
  return {
    name,
    title,
    recognise: ({ head }) => (head[0] === TAG.sequence && is(head) ? 'its DER' : null),
    show: ({ whole }: Sample) =>
      parts(
        part(
          label,
          attempt(() => show(whole ?? new Uint8Array())),
        ),
      ),
  }
}

/** A status with a number comes first. */
function isTimestamp(der: Uint8Array): boolean {
  return beginsWith(der, (inner) => inner.tag === TAG.integer)
}

function isKey(der: Uint8Array): boolean {
  return beginsWith(der, (inner) => inner.tag === TAG.oid)
}

function beginsWith(der: Uint8Array, is: (inner: DerReader) => boolean): boolean {
  return orNull(() => is(new DerReader(der).enter(TAG.sequence, 'it').enter(TAG.sequence, 'it'))) ?? false
}
