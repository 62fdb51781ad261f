/** signing_config.json, and client_trust_config.json, which has one inside. */

import { literal } from '../../formats/fields.ts'
import { enumName } from '../../formats/sigstore/protojson.ts'
import { byFields, byMediaType, jsonKind } from './kind.ts'
import { asNumber, asText, items, message, optional, required, type Show, via } from './message.ts'
import { text, word } from './tree.ts'
import { showRange, showTrustedRoot } from './trusted-root.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig'
const CLIENT_TRUST = 'application/vnd.dev.sigstore.clienttrustconfig'

const service = message(
  required('url', 'URL', asText),
  required('majorApiVersion', 'API version', asNumber),
  required('validFor', 'valid', showRange),
  optional('operator', 'operator', asText),
)

const selector = enumName({ SERVICE_SELECTOR_UNDEFINED: 0, ALL: 1, ANY: 2, EXACT: 3 })

const selection = message(
  required('selector', 'selector', via(selector, word), 'how many of the services a signer uses'),
  optional('count', 'count', asNumber),
)

const showSigningConfig: Show = message(
  required('mediaType', 'media type', via(literal(`${MEDIA_TYPE}.v0.2+json`), text)),
  optional('caUrls', 'certificate authorities', items(service)),
  optional('oidcUrls', 'OIDC issuers', items(service)),
  optional('rekorTlogUrls', 'logs', items(service)),
  optional('rekorTlogConfig', 'choice of logs', selection),
  optional('tsaUrls', 'timestamp authorities', items(service)),
  optional('tsaConfig', 'choice of timestamp authorities', selection),
)

export const signingConfig = jsonKind({
  name: 'signing-config',
  title: 'a Sigstore signing config',
  because: (json) => byMediaType(json, MEDIA_TYPE) ?? byFields(json, 'rekorTlogUrls'),
  marker: /vnd\.dev\.sigstore\.signingconfig/,
  show: showSigningConfig,
})

export const clientTrustConfig = jsonKind({
  name: 'client-trust-config',
  title: 'a Sigstore client trust config',
  because: (json) => byMediaType(json, CLIENT_TRUST),
  marker: /vnd\.dev\.sigstore\.clienttrustconfig/,
  show: message(
    required('mediaType', 'media type', via(literal(`${CLIENT_TRUST}.v0.1+json`), text)),
    required('trustedRoot', 'trusted root', showTrustedRoot),
    required('signingConfig', 'signing config', showSigningConfig),
  ),
})
