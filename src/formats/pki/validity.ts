/** When a certificate is valid, by its own word (RFC 5280 §4.1.2.5). */

import type { UnixMillis } from '../../kernel/brand.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { parseTime } from '../time.ts'
import type { Certificate } from './certificate.ts'
import { DerReader, TAG } from './der.ts'

export interface Validity {
  readonly notBefore: UnixMillis
  /** Inside. */
  readonly notAfter: UnixMillis
}

/** @throws TlogError TIME_OUT_OF_RANGE for a time before 1970 */
export function validityOf({ der }: Certificate): Validity {
  const tbs = new DerReader(der, 'CERTIFICATE_MALFORMED')
    .enter(TAG.sequence, 'the certificate')
    .enter(TAG.sequence, 'tbsCertificate')
  for (const part of ['the version', 'the serial number', 'the signature algorithm', 'the issuer']) tbs.next(part)
  const validity = tbs.enter(TAG.sequence, 'the validity')
  return { notBefore: timeOf(validity), notAfter: timeOf(validity) }
}

/** Two digits of a year count from 1950. */
function timeOf(validity: DerReader): UnixMillis {
  const { tag, value } = validity.next('a time')
  const digits = parseUtf8(value)
  const full = tag === TAG.generalizedTime ? digits : `${digits < '50' ? '20' : '19'}${digits}`
  return parseTime(full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
