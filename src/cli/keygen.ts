/** `colophon keygen`: an Ed25519 key for a log that is created later, and its verifier key. */

import { Problems } from '../config/problems.ts'
import { parseFlags, passphraseOf } from '../config.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../formats/c2sp/vkey.ts'
import { TlogError } from '../kernel/error.ts'
import { createKeyFile } from '../storage/key-file.ts'
import type { Command, ExitCode } from './world.ts'

export const keygen: Command = {
  name: 'keygen',
  usage: `colophon keygen OUT --origin HOST

  Writes an Ed25519 key to OUT (PKCS#8 PEM, mode 0600; encrypted when COLOPHON_KEY_PASSPHRASE is set) and prints
  the verifier key that it has under the origin. Put it at DATA/keys/SLUG.pem before \`colophon log create SLUG\`
  to create the log with it. Never overwrites a file.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, ['origin'])
    const [path, ...rest] = words
    if (path === undefined || rest.length > 0 || flags.origin === undefined)
      throw new TlogError('CONFIG_INVALID', 'keygen takes one path and --origin')
    const problems = new Problems()
    const passphrase = passphraseOf(world.env, problems)
    problems.check()
    createVkey(flags.origin, KEY_TYPE.ed25519, new Uint8Array(32)) // refuses a name that no key may have, before a file exists
    const key = createKeyFile({ path, passphrase })
    world.print(`${formatVkey(createVkey(flags.origin, KEY_TYPE.ed25519, key.publicKey))}\n`)
    return 0
  },
}
