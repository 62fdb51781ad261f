/** Inputs to begin with, from the vectors. */

import { readdirSync, readFileSync } from 'node:fs'
import { type Bundle, parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../src/kernel/bytes.ts'

const VECTORS = new URL('../vectors/', import.meta.url)
const SUITE = 'sigstore-conformance/bundle-verify'

export function vector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, VECTORS)))
}

export function json<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, VECTORS), 'utf8')) as T
}

export function x509(kind: 'key' | 'cert'): Uint8Array[] {
  const names = readdirSync(new URL('x509/', VECTORS)).filter((name) => name.startsWith(kind))
  return names.map((name) => vector(`x509/${name}`))
}

/** One of each kind: versions, messages and envelopes, keys and certificates, logs of both versions. */
const BUNDLES = ['happy-path-v0.1', 'happy-path-v0.2', 'happy-path-v0.3', 'happy-path-intoto-in-dsse-v3']
  .concat(['intoto-with-custom-trust-root', 'managed-key-happy-path', 'rekor2-happy-path', 'rekor2-dsse-happy-path'])
  .concat(['rekor2-checkpoint-multiple-cosigs', 'rekor2-timestamp-with-embedded-cert'])

export const bundleFiles = (): Uint8Array[] => BUNDLES.map((name) => vector(`${SUITE}/${name}/bundle.sigstore.json`))

export const bundles = (): Bundle[] => bundleFiles().map(parseSigstoreBundle)

export const trustedRoots = (): Uint8Array[] =>
  ['intoto-with-custom-trust-root', 'rekor2-happy-path', 'rekor2-dsse-happy-path'].map((name) =>
    vector(`${SUITE}/${name}/trusted_root.json`),
  )

interface Examples {
  readonly vkeys: Readonly<Record<string, string>>
  readonly checkpoints: Readonly<Record<string, string>>
  readonly addCheckpointFirst: string
  readonly addCheckpointRequest: string
  readonly signSubtreeRequest: string
  readonly cosignatureLine: string
  readonly cosignatureLineMlDsa: string
  readonly tlogProof: string
}

export const examples = () => json<Examples>('computed/worked-examples.json')

export const texts = (...lines: readonly string[]): Uint8Array[] => lines.map(utf8)
