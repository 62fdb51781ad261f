/** `colophon trust rotate`: another key for the TUF repository. */

import { existsSync } from 'node:fs'
import { DATA_FLAGS, parseData, parseFlags } from '../../config.ts'
import { TlogError } from '../../kernel/error.ts'
import { openDataDirectory } from '../../storage/data-directory.ts'
import { createKeyFile, readKeyFile, replaceKeyFile } from '../../storage/key-file.ts'
import { hasRepository } from '../../trust/directory.ts'
import { rotateKey } from '../../trust/rotate.ts'
import { placeOf } from '../data.ts'
import { nextTufKeyFile, trustDir, tufKeyFile } from '../trust-files.ts'
import type { ExitCode, World } from '../world.ts'

export const ROTATE_USAGE = `colophon trust rotate [--data DIR]

  Makes a new key for the TUF repository below DATA/trust, with a root that the old key and the new one have signed: clients
  that began with an older root follow it by themselves. Then everything in the repository is signed with the new key, and
  the old one is gone from DATA/keys. For a key that was stolen, or that is old. A key that is lost cannot be rotated.
  The server must not be running. Interrupted, it is run again. Back up DATA/keys and DATA/trust afterwards.`

export async function rotateTufKey(argv: readonly string[], world: World): Promise<ExitCode> {
  const { flags, words } = parseFlags(argv, DATA_FLAGS)
  if (words.length > 0) throw new TlogError('CONFIG_INVALID', 'trust rotate takes no words')
  const data = await openDataDirectory(placeOf(parseData(flags, world.env), world))
  try {
    const dir = trustDir(data.place)
    if (!hasRepository(dir)) throw new TlogError('STORE_MISSING', `${dir} has no TUF repository: the server makes it`)
    const [file, next] = [tufKeyFile(data.place), nextTufKeyFile(data.place)]
    const from = readKeyFile(file)
    const to = existsSync(next.path) ? readKeyFile(next) : createKeyFile(next)
    const root = await rotateKey({ dir, from, to, now: world.clock.now() })
    replaceKeyFile(file, next) // the last step: until then the server does not start
    world.print(`${root} names a new key, ${file.path}\n`)
    world.warn('copies of the old key must go too: older backups have it')
    return 0
  } finally {
    await data.close()
  }
}
