/** `sign-bundle` of the Sigstore conformance suite (sigstore-conformance, docs/cli_protocol.md), in the words of `colophon sign`. */

import { parseFlags } from '../src/config.ts'

const FLAGS = ['identity-token', 'bundle', 'trusted-root', 'signing-config']
/** The suite gives the token as a word; our command takes none that others could read. */
const TOKEN = 'SIGSTORE_ID_TOKEN'
/** Where the suite names no signing config, it means the public instance. */
const PUBLIC = [
  '--rekor-url=https://rekor.sigstore.dev',
  '--rekor-version=1',
  '--fulcio-url=https://fulcio.sigstore.dev',
]

/**
 * The words of our command for those that follow `sign-bundle`. The token goes into `env`.
 * @throws Error for what the suite does not say, TlogError CONFIG_INVALID for flags that it does not know
 */
export function signWords(argv: readonly string[], env: Record<string, string | undefined>): string[] {
  const { flags, on, words } = parseFlags(argv, FLAGS, ['staging', 'in-toto'])
  const { 'identity-token': token, bundle, 'trusted-root': root, 'signing-config': config } = flags
  if (token === undefined || bundle === undefined) throw new Error('--identity-token and --bundle are missing')
  if (on.has('staging') && config === undefined)
    throw new Error('--staging: its services are not known here; name them with --signing-config')
  env[TOKEN] = token
  return [
    ...['sign', `--identity-token=env:${TOKEN}`, `--bundle=${bundle}`],
    ...(config === undefined ? PUBLIC : [`--signing-config=${config}`]),
    ...(root === undefined ? [] : [`--trusted-root=${root}`]),
    ...(on.has('in-toto') ? ['--in-toto'] : []),
    ...words,
  ]
}
