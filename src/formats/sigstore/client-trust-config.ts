/** client_trust_config.json: trusted root and signing config in one file (sigstore_trustroot.proto, ClientTrustConfig). */

import { type SigningConfig, signingConfigJson } from './signing-config.ts'
import { type TrustedRoot, trustedRootJson } from './trusted-root.ts'

export function formatClientTrustConfig(root: TrustedRoot, config: SigningConfig): string {
  const file = {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: trustedRootJson(root),
    signingConfig: signingConfigJson(config),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
