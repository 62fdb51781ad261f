/** The signature over a file that an entry itself holds: all of it but the file. Nothing has been checked. */

import { bodyKind } from '../formats/sigstore/body-kind.ts'
import { parseBodyV1 } from '../formats/sigstore/body-v1.ts'
import { parseBodyV2 } from '../formats/sigstore/body-v2.ts'
import type { Bundle, MessageSignature, SigningMaterial } from '../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import { TlogError } from '../kernel/error.ts'

export interface LoggedSignature {
  readonly kind: string
  readonly version: string
  readonly content: MessageSignature
  readonly verifier: Material
}

const NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const

/**
 * @param leaf a body of `hashedrekord`, 0.0.1 or 0.0.2
 * @throws TlogError ENTRY_MALFORMED; CHECK_UNAVAILABLE for another kind: of an envelope the log has hashes alone, and
 *   a rekord entry is by rules of its own, which no verifier of bundles knows.
 */
export function loggedSignature(leaf: Uint8Array): LoggedSignature {
  const { kind, version } = bodyKind(leaf)
  if (kind === 'hashedrekord' && version === '0.0.2') {
    const { algorithm, digest, signature, verifier } = parseBodyV2(leaf)
    const content = { kind: 'message', digest: { algorithm, bytes: digest }, signature } as const
    return { kind, version, content, verifier: verifier.material }
  }
  const body = kind === 'hashedrekord' ? parseBodyV1(leaf, kind, version) : null
  if (body?.kind !== 'hashedrekord')
    throw new TlogError(
      'CHECK_UNAVAILABLE',
      kind === 'rekord'
        ? `an entry ${kind} ${version} is shown by inspect, and not verified here`
        : `an entry ${kind} ${version} has hashes of what was signed: it takes the bundle`,
    )
  const digest = { algorithm: NAMES[body.digest.algorithm], bytes: body.digest.bytes }
  return {
    kind,
    version,
    content: { kind: 'message', digest, signature: body.signature },
    verifier: {
      kind: body.verifier.label === 'PUBLIC KEY' ? 'publicKey' : 'x509Certificate',
      rawBytes: body.verifier.der,
    },
  }
}

/** What a publisher could have sent instead of the file's bundle: made of the log's entry alone. */
export function bundleOfEntry(entry: BundleEntry): Bundle {
  const { content, verifier } = loggedSignature(entry.body)
  return { version: '0.3', material: materialOf(verifier), entries: [entry], timestamps: [], content }
}

function materialOf({ kind, rawBytes }: Material): SigningMaterial {
  return kind === 'publicKey' ? { kind: 'key', hint: '' } : { kind: 'certificate', leaf: rawBytes, others: [] }
}
