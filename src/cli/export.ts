/** `colophon export`: a static copy of the published trees, to be served by any file server. */

import { type DataConfig, ENTRY_FLAGS, parseCopyPlace, parseData, parseFlags } from '../config.ts'
import { factsOf } from '../dialects/facts.ts'
import { isS3Url } from '../formats/s3/location.ts'
import type { TreeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { type ExportParts, type ExportTarget, exportLog, Sweep } from '../log/export.ts'
import { openerOf } from '../log/signer.ts'
import { readDatabase } from '../storage/data-directory.ts'
import type { LogDatabase, LogRecord } from '../storage/database.ts'
import { parseOut, placeOf } from './data.ts'
import { describePlace, openCopy, type Place } from './places.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

export const exportCommand: Command = {
  name: 'export',
  usage: `colophon export OUT [--log SLUG] [--data DIR] [--database URL] [--publish s3://…]

  OUT        a directory, or s3://BUCKET/PREFIX, reached as AWS_… variables say (docs/configuration.md)
  --publish  where the entries are that left the database (\`serve --keep-entries\`)

  Each log goes to OUT/SLUG, laid out as c2sp.org/tlog-tiles, with the kept attachments beside it. Only what is
  published; the checkpoint goes last. Run again, it adds what is new, and refuses to write over anything that differs.
  A server may be running. Private keys and the ratchet are not needed. Not while \`serve --publish\` writes to OUT.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, [...ENTRY_FLAGS, 'log'])
    const config = parseData(flags, world.env)
    const place = placeOf(config, world)
    const out = placeOut(words, config, world)
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

function placeOut(words: readonly string[], config: DataConfig, world: World): Place {
  const [out = ''] = words
  if (words.length === 1 && isS3Url(out)) return parseCopyPlace(out, config, world.env)
  return { kind: 'directory', dir: parseOut('export', words, placeOf(config, world)) }
}

async function exportOne(database: LogDatabase, record: LogRecord, out: Place, world: World): Promise<string> {
  const target = await openCopy(out, record.slug, world, (why) => world.warn(`${record.slug}: ${why}`))
  try {
    const reader = database.store(record.number)
    const onProgress = progressBar(world, record.slug)
    const size = await exportTo(target, record, { reader, sweep: new Sweep(), rest: async () => undefined, onProgress })
    return `${record.slug}: ${size} entries in ${describePlace(out, record.slug)}\n`
  } finally {
    await target.close()
  }
}

/** One export of one log into its own directory. @throws TlogError as exportLog does. */
export async function exportTo(
  target: ExportTarget,
  { origin, dialect, vkey }: Pick<LogRecord, 'origin' | 'dialect' | 'vkey'>,
  parts: Pick<ExportParts, 'reader' | 'sweep' | 'rest' | 'onProgress'>,
): Promise<TreeSize> {
  return await exportLog({ ...parts, origin, open: openerOf(vkey), facts: factsOf(dialect), target })
}
