/** client_trust_config.json: trusted root and signing config in one file (sigstore_trustroot.proto, ClientTrustConfig). */

import { TlogError } from '../../kernel/error.ts'
import { literal, type Read } from '../fields.ts'
import { parseJson } from '../json.ts'
import { message } from './protojson.ts'
import { type SigningConfig, signingConfig, signingConfigJson } from './signing-config.ts'
import { type TrustedRoot, trustedRoot, trustedRootJson } from './trusted-root.ts'

export interface ClientTrustConfig {
  readonly trustedRoot: TrustedRoot
  readonly signingConfig: SigningConfig
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json'
/** A trusted root's and a little more. */
const MAX_BYTES = 8 * 1024 * 1024

export function formatClientTrustConfig(root: TrustedRoot, config: SigningConfig): string {
  const file = { mediaType: MEDIA_TYPE, trustedRoot: trustedRootJson(root), signingConfig: signingConfigJson(config) }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** @throws TlogError as parseSigningConfig and parseTrustedRoot do */
export function parseClientTrustConfig(file: Uint8Array): ClientTrustConfig {
  if (file.length > MAX_BYTES) throw new TlogError('FIELD_INVALID', `a client trust config of ${file.length} bytes`)
  return clientTrustConfig(parseJson(file, { integersOnly: true }), '')
}

const clientTrustConfig: Read<ClientTrustConfig> = message((fields) => {
  fields.required('mediaType', literal(MEDIA_TYPE))
  return {
    trustedRoot: fields.required('trustedRoot', trustedRoot),
    signingConfig: fields.required('signingConfig', signingConfig),
  }
})
