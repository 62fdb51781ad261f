/** A digest made piece by piece, by the fastest implementation that the page may run. */

import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { DigestName } from '../../crypto/algorithms.ts'

export interface StreamHash {
  update(piece: Uint8Array): unknown
  digest(): Uint8Array
}

const IN_JAVASCRIPT = { SHA2_256: sha256, SHA2_384: sha384, SHA2_512: sha512 } as const satisfies Record<
  DigestName,
  unknown
>

/** In JavaScript where WebAssembly is missing or the page's Content-Security-Policy does not say `wasm-unsafe-eval`. */
export async function createStreamHash(name: DigestName): Promise<StreamHash> {
  const inJavaScript = IN_JAVASCRIPT[name].create()
  if (name !== 'SHA2_256') return inJavaScript
  try {
    const { createWasmSha256 } = await import('./wasm-sha256.ts')
    return await createWasmSha256()
  } catch {
    return inJavaScript
  }
}
