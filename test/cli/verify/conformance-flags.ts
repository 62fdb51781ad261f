/** The folders of the Sigstore conformance suite as words of the command. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BEACON } from '../../verify/conformance.ts'

const VECTORS = fileURLToPath(new URL('../../vectors/sigstore-conformance', import.meta.url))
export const CONFORMANCE = join(VECTORS, 'bundle-verify')

/** Bundle and trusted root are the first four words. */
export function conformanceFlags(name: string): { readonly artifact: string; readonly flags: readonly string[] } {
  const path = (file: string) => join(CONFORMANCE, name, file)
  const own = (file: string, instead: string) => (existsSync(path(file)) ? path(file) : instead)
  const words = (file: string, instead: string) =>
    existsSync(path(file)) ? readFileSync(path(file), 'utf8').trim() : instead
  const root = own('trusted_root.json', join(VECTORS, 'trusted_root.public-good.json'))
  const identity = words('identity', BEACON.name)
  const signer = existsSync(path('key.pub'))
    ? ['--key', path('key.pub')]
    : ['--certificate-identity', identity, '--certificate-oidc-issuer', words('issuer', BEACON.issuer)]
  return {
    artifact: own('artifact', join(CONFORMANCE, 'a.txt')),
    flags: ['--bundle', path('bundle.sigstore.json'), '--trusted-root', root, ...signer],
  }
}
