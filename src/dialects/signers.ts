/** Who signed an entry, by its leaf: nobody has judged the certificate. */

import { parseBodyV2 } from '../formats/sigstore/body-v2.ts'
import { parseLeafV1 } from '../formats/sigstore/read-leaf-v1.ts'
import { signerOf } from './rekor-v1/detached.ts'
import { readSigner } from './rekor-v1/signer.ts'
import { resolveVerifier } from './rekor-v2/verifier.ts'
import type { Signer } from './signer-keys.ts'

/** @throws TlogError from what it returns, on a leaf that is not of the dialect */
export function signersOf(dialect: string): (leaf: Uint8Array) => readonly Signer[] {
  return dialect === 'rekor-v1' ? ofRekorV1 : (leaf) => [resolveVerifier(parseBodyV2(leaf).verifier)]
}

function ofRekorV1(leaf: Uint8Array): Signer[] {
  const body = parseLeafV1(leaf)
  if (body.kind === 'rfc3161') return []
  if (body.kind === 'rekord') return [signerOf(body.signed)]
  if ('verifier' in body) return [readSigner(body.verifier)]
  return body.signatures.map(({ verifier }) => readSigner(verifier))
}
