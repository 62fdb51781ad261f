/** `colophon backup`: a copy of a data directory, beside a live server. */

import { DATA_FLAGS, parseData, parseFlags } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import { createBackup } from '../storage/backup-directory.ts'
import { readDatabase } from '../storage/data-directory.ts'
import { parseOut, placeOf } from './data.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode } from './world.ts'

export const backup: Command = {
  name: 'backup',
  usage: `colophon backup OUT [--data DIR] [--without-keys]

  OUT must be absent or empty. It is complete once OUT/backup.json is there; without it, remove OUT and try again.
  THE COPY HOLDS THE LOGS' PRIVATE KEYS, as they are in DATA/keys: encrypted only when a passphrase is set. Keep it as
  you keep them, or leave them out with --without-keys and keep a copy of DATA/keys elsewhere.
  Logs in PostgreSQL are copied by its own means (docs/operate.md).
  The ratchet is left out on purpose: restored beside an old database, an old one would hide that anything is missing.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, DATA_FLAGS, ['without-keys'])
    const place = placeOf(parseData(flags, world.env), world)
    if (place.database != null)
      throw new TlogError(
        'COPY_REFUSED',
        `the logs are in PostgreSQL: copy them with pg_dump or by PITR, and ${place.dir} as files; see docs/operate.md`,
      )
    const out = parseOut('backup', words, place)
    await (await readDatabase(place)).close() // refuses what is not ours, or not of this version
    const keys = !on.has('without-keys')
    const onProgress = progressBar(world, 'backup')
    const files = await createBackup({ data: place.dir, out, keys, onProgress })
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    world.print(`${files.length} files, ${bytes} bytes in ${words[0]}\n`)
    if (files.some(({ path }) => path.startsWith('keys/')))
      world.warn(`${words[0]} holds the logs' PRIVATE KEYS: whoever reads it can sign in their name`)
    return 0
  },
}
