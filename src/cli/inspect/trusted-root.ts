/** trusted_root.json. */

import { literal } from '../../formats/fields.ts'
import { isJsonObject } from '../../formats/json.ts'
import { keyDetails } from '../../formats/sigstore/key-details.ts'
import { bytes as readBytes } from '../../formats/sigstore/protojson.ts'
import { parseTrustedRoot } from '../../formats/sigstore/trusted-root.ts'
import { utf8 } from '../../kernel/bytes.ts'
import { byFields, byMediaType, jsonKind } from './kind.ts'
import {
  asBytes,
  asText,
  asTime,
  fieldOf,
  items,
  message,
  optional,
  required,
  type Show,
  sole,
  via,
} from './message.ts'
import { showCertificate, showKey } from './show-key.ts'
import { withFault } from './strict.ts'
import { bytes, text, word } from './tree.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot'

const mediaType = literal(`${MEDIA_TYPE}+json;version=0.1`, `${MEDIA_TYPE}.v0.2+json`)

export const showRange: Show = message(
  required('start', 'from', asTime),
  optional('end', 'until', asTime, 'inclusive; absent: still'),
)

/** Some of the oldest certificate logs' keys are no SubjectPublicKeyInfo. */
const publicKey: Show = (value, path) => {
  const details = isJsonObject(value) ? fieldOf(value, 'keyDetails') : undefined
  const isPkcs1 = typeof details === 'string' && details.startsWith('PKCS1_')
  return message(
    required('keyDetails', 'details', via(keyDetails, word)),
    required('rawBytes', 'key', via(readBytes, isPkcs1 ? bytes : showKey)),
    required('validFor', 'valid', showRange),
  )(value, path)
}

const keyId = sole('keyId', asBytes)

const log = message(
  required('baseUrl', 'URL', asText),
  required('hashAlgorithm', 'hash algorithm', via(literal('SHA2_256'), word)),
  required('publicKey', 'public key', publicKey),
  required('logId', 'log ID', keyId),
  optional('checkpointKeyId', 'checkpoint key ID', keyId),
  optional('operator', 'operator', asText),
)

const certificate = sole('rawBytes', via(readBytes, showCertificate))

const authority = message(
  optional(
    'subject',
    'subject',
    message(optional('organization', 'organization', asText), optional('commonName', 'common name', asText)),
  ),
  optional('uri', 'URL', asText),
  required('certChain', 'chain', sole('certificates', items(certificate))),
  required('validFor', 'valid', showRange),
  optional('operator', 'operator', asText),
)

export const showTrustedRoot: Show = message(
  required('mediaType', 'media type', via(mediaType, text)),
  optional('tlogs', 'logs', items(log)),
  optional('certificateAuthorities', 'certificate authorities', items(authority)),
  optional('ctlogs', 'certificate logs', items(log)),
  optional('timestampAuthorities', 'timestamp authorities', items(authority)),
)

export const trustedRoot = jsonKind({
  name: 'trusted-root',
  title: 'a Sigstore trusted root',
  because: (json) => byMediaType(json, MEDIA_TYPE) ?? byFields(json, 'tlogs', 'certificateAuthorities'),
  marker: /vnd\.dev\.sigstore\.trustedroot/,
  show: withFault((json) => parseTrustedRoot(utf8(JSON.stringify(json))), showTrustedRoot),
})
