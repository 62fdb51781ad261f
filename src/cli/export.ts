/** `colophon export`: a static copy of the published trees, to be served by any file server. */

import { join } from 'node:path'
import { DATA_FLAGS, parseData, parseFlags } from '../config.ts'
import { factsOf } from '../dialects/facts.ts'
import type { TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { type ExportParts, type ExportTarget, exportLog } from '../log/export.ts'
import { openerOf } from '../log/signer.ts'
import { readDatabase } from '../storage/data-directory.ts'
import type { LogDatabase, LogRecord } from '../storage/database.ts'
import { openExportDirectory } from '../storage/export-directory.ts'
import { parseOut, placeOf } from './data.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

export const exportCommand: Command = {
  name: 'export',
  usage: `colophon export OUT [--log SLUG] [--data DIR] [--database URL]

  Each log goes to OUT/SLUG, laid out as c2sp.org/tlog-tiles, with the kept attachments beside it. Only what is
  published; the checkpoint goes last. Run again, it adds what is new, and refuses to write over anything that differs.
  A server may be running. Private keys and the ratchet are not needed. Not while \`serve --publish\` writes to OUT.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, [...DATA_FLAGS, 'log'])
    const place = placeOf(parseData(flags, world.env))
    const out = parseOut('export', words, place)
    const database = await readDatabase(place)
    try {
      const logs = (await database.logs()).filter(({ slug }) => flags.log === undefined || slug === flags.log)
      if (logs.length === 0) throw new TlogError('LOG_UNKNOWN', `no log ${flags.log ?? ''} in ${place.dir}`)
      for (const record of logs) world.print(await exportOne(database, record, out, world))
      return 0
    } finally {
      await database.close()
    }
  },
}

async function exportOne(database: LogDatabase, record: LogRecord, out: string, world: World): Promise<string> {
  const dir = join(out, record.slug)
  const target = await openExportDirectory(dir)
  try {
    const reader = database.store(record.number)
    const onProgress = progressBar(world, record.slug)
    const size = await exportTo(target, record, { reader, rest: async () => undefined, onProgress })
    return `${record.slug}: ${size} entries in ${dir}\n`
  } finally {
    await target.close()
  }
}

/** One export of one log into its own directory. @throws TlogError as exportLog does. */
export async function exportTo(
  target: ExportTarget,
  { origin, dialect, vkey }: Pick<LogRecord, 'origin' | 'dialect' | 'vkey'>,
  parts: Pick<ExportParts, 'reader' | 'rest' | 'onProgress'>,
): Promise<TreeSize> {
  return await exportLog({ ...parts, origin, open: openerOf(vkey), facts: factsOf(dialect), target })
}
