/** The folders of the Sigstore conformance suite as cases. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parsePem } from '../../src/formats/pki/pem.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import { type Bundle, parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { parseTrustedRoot } from '../../src/formats/sigstore/trusted-root.ts'
import { NO_WITNESSES } from '../../src/verify/checkpoint.ts'
import type { Trust, TrustedSigner } from '../../src/verify/trust.ts'
import { nodeAbilities } from '../../src/verify-node/abilities.ts'

const VECTORS = new URL('../vectors/sigstore-conformance/', import.meta.url)
const CASES = new URL('bundle-verify/', VECTORS)
export const BEACON = {
  name: 'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
}

export const CASE_NAMES: readonly string[] = readdirSync(CASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/** Parsing is left to the case: some must fail there. */
export interface Case {
  readonly artifact: Uint8Array
  bundle(): Bundle
  trust(): Trust
}

export function readCase(name: string): Case {
  const file = (path: string) => readOptional(new URL(`${name}/${path}`, CASES))
  const root = file('trusted_root.json') ?? readFileSync(new URL('trusted_root.public-good.json', VECTORS))
  return {
    artifact: new Uint8Array(file('artifact') ?? readFileSync(new URL('a.txt', CASES))),
    bundle: () => parseSigstoreBundle(file('bundle.sigstore.json') ?? new Uint8Array()),
    trust: () => ({
      signer: signerOf(file),
      root: parseTrustedRoot(root),
      policy: NO_WITNESSES,
      abilities: nodeAbilities,
    }),
  }
}

function signerOf(file: (path: string) => Buffer | null): TrustedSigner {
  const pem = file('key.pub')
  const [der] = pem === null ? [] : parsePem(pem.toString('utf8'), 'PUBLIC KEY')
  if (der !== undefined) return { kind: 'key', key: parseSpki(der) }
  const words = (path: string) => file(path)?.toString('utf8').trim()
  return { kind: 'identity', name: words('identity') ?? BEACON.name, issuer: words('issuer') ?? BEACON.issuer }
}

function readOptional(url: URL): Buffer | null {
  return existsSync(url) ? readFileSync(url) : null
}
