/** What was made is read by the parsers of those who will use it, before anyone does. */

import { parsePolicy } from '../../formats/c2sp/policy.ts'
import { formatClientTrustConfig, parseClientTrustConfig } from '../../formats/sigstore/client-trust-config.ts'
import { formatSigningConfig, parseSigningConfig } from '../../formats/sigstore/signing-config.ts'
import { formatTrustedRoot, parseTrustedRoot } from '../../formats/sigstore/trusted-root.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'

/** @throws Error, TlogError when a file does not come back as it was made: a bug of ours. */
export function requireReadable(files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files)
    if (name === 'policy') parsePolicy(bytes)
    else if (reprinted(name, bytes) !== parseUtf8(bytes)) throw new Error(`${name} is read back as another file`)
}

function reprinted(name: string, bytes: Uint8Array): string {
  if (name === 'trusted_root.json') return formatTrustedRoot(parseTrustedRoot(bytes))
  if (name !== 'client_trust_config.json') return formatSigningConfig(parseSigningConfig(bytes))
  const { trustedRoot, signingConfig } = parseClientTrustConfig(bytes)
  return formatClientTrustConfig(trustedRoot, signingConfig)
}
