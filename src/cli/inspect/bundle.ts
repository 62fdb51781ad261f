/** Sigstore bundles, every version. */

import { literal } from '../../formats/fields.ts'
import { parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { enumName, bytes as readBytes } from '../../formats/sigstore/protojson.ts'
import { utf8 } from '../../kernel/bytes.ts'
import { byFields, byMediaType, jsonKind } from './kind.ts'
import { asBytes, asText, items, message, optional, required, type Show, sole, via } from './message.ts'
import { showEntry } from './show-entry.ts'
import { showEnvelope } from './show-envelope.ts'
import { showCertificate } from './show-key.ts'
import { showTimestamp } from './show-timestamp.ts'
import { withFault } from './strict.ts'
import { text, word } from './tree.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle'

const mediaType = via(
  literal(
    `${MEDIA_TYPE}+json;version=0.1`,
    `${MEDIA_TYPE}+json;version=0.2`,
    `${MEDIA_TYPE}+json;version=0.3`,
    `${MEDIA_TYPE}.v0.3+json`,
  ),
  text,
)
const digestName = via(enumName({ SHA2_256: 1, SHA2_384: 2, SHA2_512: 3 }), word)

const certificate = sole('rawBytes', via(readBytes, showCertificate))

const material = message(
  optional('certificate', 'certificate', certificate),
  optional('x509CertificateChain', 'certificate chain', sole('certificates', items(certificate))),
  optional(
    'publicKey',
    'public key',
    message(optional('hint', 'hint', asText, 'which key; the key itself is not here')),
  ),
  optional('tlogEntries', 'log entries', items(showEntry)),
  optional(
    'timestampVerificationData',
    'timestamp data',
    message(optional('rfc3161Timestamps', 'timestamps', items(sole('signedTimestamp', via(readBytes, showTimestamp))))),
  ),
)

const messageSignature = message(
  optional(
    'messageDigest',
    'digest',
    message(required('algorithm', 'algorithm', digestName), required('digest', 'value', asBytes)),
    'a hint: the signature is over the file',
  ),
  required('signature', 'signature', asBytes),
)

const fields: Show = message(
  required('mediaType', 'media type', mediaType),
  required('verificationMaterial', 'verification material', material),
  optional('messageSignature', 'message signature', messageSignature, 'over a file'),
  optional('dsseEnvelope', 'envelope', showEnvelope, 'DSSE: over its payload and its type'),
)

export const bundle = jsonKind({
  name: 'sigstore-bundle',
  title: 'a Sigstore bundle',
  because: (json) => byMediaType(json, MEDIA_TYPE) ?? byFields(json, 'verificationMaterial'),
  marker: /vnd\.dev\.sigstore\.bundle|"verificationMaterial"/,
  show: withFault((json) => parseSigstoreBundle(utf8(JSON.stringify(json))), fields),
})
