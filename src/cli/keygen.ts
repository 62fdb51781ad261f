/** `colophon keygen`: a key for a log that is created later, or for a publisher, and what others verify by. */

import { oneOf } from '../config/parsers.ts'
import { Problems } from '../config/problems.ts'
import { parseFlags, passphraseOf } from '../config.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../formats/c2sp/vkey.ts'
import { formatPem } from '../formats/pki/pem.ts'
import { formatSpki } from '../formats/pki/spki.ts'
import { TlogError } from '../kernel/error.ts'
import { createEcdsaKeyFile, createKeyFile, createMlDsaKeyFile, type KeyFile } from '../storage/key-file.ts'
import type { Command, ExitCode } from './world.ts'

const ALGORITHMS = ['ed25519', 'ecdsa-p256'] as const
/** Of a log alone: no publisher signs with it. */
const POST_QUANTUM = 'ml-dsa-44'

type Kind = (typeof ALGORITHMS)[number] | typeof POST_QUANTUM

export const keygen: Command = {
  name: 'keygen',
  usage: `colophon keygen OUT --origin HOST [--algorithm ${POST_QUANTUM}]
colophon keygen OUT --algorithm ${ALGORITHMS.join('|')}

  Writes a private key to OUT (PKCS#8 PEM, mode 0600; encrypted when COLOPHON_KEY_PASSPHRASE is set). Never
  overwrites a file.

  --origin     a log's Ed25519 key: prints the verifier key that it has under the origin. Put it at DATA/keys/SLUG.pem
               before \`colophon log create SLUG\` to create the log with it. With --algorithm ml-dsa-44 its post-quantum
               key: DATA/keys/SLUG.ml-dsa-44.pem
  --algorithm  any other key: prints its public key (PEM). With ecdsa-p256, which every client verifies, for
               \`colophon sign --key OUT\`; or at DATA/keys/SLUG.ecdsa.pem the second key of a Rekor v1 log`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, ['origin', 'algorithm'])
    const [path, ...rest] = words
    const { origin, algorithm } = flags
    if (path === undefined || rest.length > 0 || (origin === undefined && algorithm === undefined))
      throw new TlogError('CONFIG_INVALID', 'keygen takes one path, and --origin or --algorithm')
    const problems = new Problems()
    const kinds = origin === undefined ? ALGORITHMS : (['ed25519', POST_QUANTUM] as const)
    const kind = problems.take('--algorithm', 'ed25519', () => oneOf(...kinds)(algorithm ?? 'ed25519'))
    const passphrase = passphraseOf(world.env, problems)
    problems.check()
    const file = { path, passphrase }
    world.print(origin === undefined ? makeKey(file, kind) : makeLogKey(file, origin, kind))
    return 0
  },
}

/** Its verifier key. */
function makeLogKey(file: KeyFile, origin: string, kind: Kind): string {
  createVkey(origin, KEY_TYPE.mlDsa44, new Uint8Array(1312)) // refuses a name that no key may have, before a file exists
  const vkey =
    kind === POST_QUANTUM
      ? createVkey(origin, KEY_TYPE.mlDsa44, createMlDsaKeyFile(file).mlDsa44PublicKey)
      : createVkey(origin, KEY_TYPE.ed25519, createKeyFile(file).publicKey)
  return `${formatVkey(vkey)}\n`
}

/** Its public key. */
function makeKey(file: KeyFile, kind: Kind): string {
  if (kind === 'ecdsa-p256') return formatPem(createEcdsaKeyFile(file).spki, 'PUBLIC KEY')
  return formatPem(formatSpki({ kind: 'ed25519', bytes: createKeyFile(file).publicKey }), 'PUBLIC KEY')
}
