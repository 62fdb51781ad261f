/** RFC 3161 responses. */

import { checkTimestampForm } from '../../formats/pki/timestamp.ts'
import { readTimestampParts, type TimestampToken } from '../../formats/pki/timestamp-parts.ts'
import { DIGESTS, nameOf } from './oids.ts'
import { showCertificate, showName } from './show-key.ts'
import { bytes, type Content, faultOf, list, type Node, part, parts, time, word } from './tree.ts'

const STATUS = ['granted', 'granted with modifications', 'rejected', 'waiting', 'revocation warning', 'revoked']

export function showTimestamp(der: Uint8Array): Content {
  const { status, token } = readTimestampParts(der)
  return parts(
    faultOf(() => checkTimestampForm(der)),
    part('status', word(STATUS[status] ?? String(status)), "the authority's word"),
    ...(token === null ? [] : tokenNodes(token)),
  )
}

function tokenNodes(token: TimestampToken): Node[] {
  return [
    part('time', time(token.time), 'when the authority says that it saw the imprint'),
    part('hash algorithm', word(nameOf(DIGESTS, token.hashAlgorithm))),
    part('imprint', bytes(token.imprint), 'hash of what was stamped; in a bundle, of its signature'),
    part('policy', word(token.policy)),
    part('serial number', bytes(token.serial)),
    part('signer issuer', () => showName(token.signerIssuer)),
    part('signer serial number', bytes(token.signerSerial)),
    part('certificates', list(token.certificates, showCertificate), 'as they came along'),
  ]
}
