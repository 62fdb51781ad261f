/**
 * The client that the Sigstore conformance suite asks for (sigstore-conformance, docs/cli_protocol.md):
 *
 *   npm run --silent conformance -- verify-bundle --bundle F (--certificate-identity I --certificate-oidc-issuer U | --key F)
 *     [--trusted-root F] FILE|sha256:HEX
 *   npm run --silent conformance -- sign-bundle [--in-toto] --identity-token T --bundle F
 *     [--trusted-root F] [--signing-config F] FILE
 *
 * Exit code 0 only for what `colophon verify` verifies and `colophon sign` signs. Where the suite names no root, it means
 * that of the public instance, which others fetch: we fetch nothing, and take the one beside the suite's bundles.
 */

import { fileURLToPath } from 'node:url'
import { parseFlags } from '../src/config.ts'
import { main } from '../src/main.ts'
import { signWords } from './conformance-sign.ts'

const VERIFY_FLAGS = ['bundle', 'certificate-identity', 'certificate-oidc-issuer', 'key', 'trusted-root']
const PUBLIC_ROOT = fileURLToPath(
  new URL('../test/vectors/sigstore-conformance/trusted_root.public-good.json', import.meta.url),
)

/**
 * The words of our command. A token goes into `env`.
 * @throws Error for what the suite does not say, TlogError for flags that it does not know
 */
export function ourWords(argv: readonly string[], env: Record<string, string | undefined>): string[] {
  const [name, ...rest] = argv
  if (name === 'verify-bundle') return verifyWords(rest)
  if (name === 'sign-bundle') return signWords(rest, env)
  throw new Error(`conformance takes verify-bundle or sign-bundle, not ${name}`)
}

function verifyWords(argv: readonly string[]): string[] {
  const { flags, on, words } = parseFlags(argv, VERIFY_FLAGS, ['staging'])
  if (flags.bundle === undefined) throw new Error('--bundle is missing') // or one beside the file would be taken
  const root = flags['trusted-root']
  if (on.has('staging') && root === undefined)
    throw new Error('--staging: its root is not here; name it with --trusted-root')
  const stated = Object.entries({ ...flags, 'trusted-root': root ?? PUBLIC_ROOT })
  return ['verify', ...stated.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`])), ...words]
}

if (import.meta.main) {
  const { INIT_CWD, npm_lifecycle_event: script } = process.env
  if (script === 'conformance' && INIT_CWD !== undefined) process.chdir(INIT_CWD) // npm went to the package's folder
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...ourWords(process.argv.slice(2), process.env))
  await main()
}
