/** Every folder of the Sigstore conformance suite through the command, by file and by digest. */

import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { BEACON, CASE_NAMES } from '../../verify/conformance.ts'
import { command } from '../support.ts'

const VECTORS = fileURLToPath(new URL('../../vectors/sigstore-conformance/', import.meta.url))
const CASES = join(VECTORS, 'bundle-verify')

/** Their trusted root or key is no good, which is the fault of whoever names it: wrong use. */
const MISUSED = ['managed-key-wrong-key_fail', 'trust-root-tlog-missing-validity-start_fail']

function flagsOf(name: string): { readonly artifact: string; readonly flags: readonly string[] } {
  const own = (file: string, instead: string) => {
    const path = join(CASES, name, file)
    return existsSync(path) ? path : instead
  }
  const words = (file: string, instead: string) =>
    existsSync(join(CASES, name, file)) ? readFileSync(join(CASES, name, file), 'utf8').trim() : instead
  const key = own('key.pub', '')
  const signer =
    key === ''
      ? [
          ...['--certificate-identity', words('identity', BEACON.name)],
          ...['--certificate-oidc-issuer', words('issuer', BEACON.issuer)],
        ]
      : ['--key', key]
  const root = own('trusted_root.json', join(VECTORS, 'trusted_root.public-good.json'))
  const bundle = join(CASES, name, 'bundle.sigstore.json')
  return {
    artifact: own('artifact', join(CASES, 'a.txt')),
    flags: ['--bundle', bundle, '--trusted-root', root, ...signer],
  }
}

function expected(name: string): number {
  if (MISUSED.includes(name)) return 2
  return name.endsWith('_fail') ? 1 : 0
}

for (const way of ['file', 'digest'])
  t.test(`by ${way}`, async (t) => {
    for (const name of CASE_NAMES) {
      const { artifact, flags } = flagsOf(name)
      const subject = way === 'file' ? artifact : `sha256:${hash('sha256', readFileSync(artifact), 'hex')}`
      const { code, printed } = await command(['verify', subject, ...flags])
      t.equal(code, expected(name), name)
      t.match(printed, [/^VERIFIED: /, /^NOT VERIFIED: /, /^$/][code], name)
    }
  })
