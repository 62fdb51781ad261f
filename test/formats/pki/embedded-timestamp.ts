/** A response of Sigstore's timestamp authority with its certificate: P-384 with SHA-256. */

import { readFileSync } from 'node:fs'
import { parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'

const SUITE = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)

export function timestampOf(name: string): Uint8Array {
  const bundle = new Uint8Array(readFileSync(new URL(`${name}/bundle.sigstore.json`, SUITE)))
  const [response] = parseSigstoreBundle(bundle).timestamps
  if (response === undefined) throw new Error(`${name} has a timestamp`)
  return response
}

export const EMBEDDED_TIMESTAMP = timestampOf('rekor2-timestamp-with-embedded-cert')
