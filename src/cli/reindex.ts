/** `colophon reindex`: makes the index of statements anew, from the logs and their attachments. */

import { ENTRY_FLAGS, parseData, parseFlags } from '../config.ts'
import { factsOf } from '../dialects/facts.ts'
import { TlogError } from '../kernel/error.ts'
import { reindex as reindexLog } from '../log/reindex.ts'
import { openDataDirectory, readDatabase } from '../storage/data-directory.ts'
import type { LogDatabase } from '../storage/database.ts'
import { placeOf } from './data.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

export const reindex: Command = {
  name: 'reindex',
  usage: `colophon reindex [--data DIR] [--database URL] [--ratchet DIR] [--log SLUG] [--publish s3://…] [--check]

  Adds the lookup rows that follow from the statements kept beside the logs, and are missing: those of an older version, which
  did not make them, or of a damaged index. Nothing else is read. Rows that follow from nothing are counted, and not taken
  away: the index only grows. No server may be running.

  --publish  where the entries are that left the database (\`serve --keep-entries\`)
  --check    compares, and writes nothing; a server may be running

  Exit code 0: the rows are what log and attachments say. 1: with --check, some are missing; some follow from nothing; or an
  entry cannot be read. 3: could not be done.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, [...ENTRY_FLAGS, 'log'], ['check'])
    if (words.length > 0) throw new TlogError('CONFIG_INVALID', 'reindex takes flags alone')
    const place = placeOf(parseData(flags, world.env), world)
    if (on.has('check')) {
      const database = await readDatabase(place)
      try {
        return await each(database, flags.log, true, world)
      } finally {
        await database.close()
      }
    }
    const data = await openDataDirectory(place)
    try {
      return await each(data.database, flags.log, false, world)
    } finally {
      await data.close()
    }
  },
}

async function each(database: LogDatabase, slug: string | undefined, isDry: boolean, world: World): Promise<ExitCode> {
  const records = (await database.logs()).filter((record) => slug === undefined || record.slug === slug)
  if (records.length === 0) throw new TlogError('LOG_UNKNOWN', `no log ${slug ?? ''} is in this data directory`)
  let isWhole = true
  for (const record of records) {
    const onProblem = (problem: string) => {
      isWhole = false
      world.warn(`${record.slug}: ${problem}`)
    }
    const store = database.store(record.number)
    const onProgress = progressBar(world, record.slug)
    const parts = { store, facts: factsOf(record.dialect), isDry, onProblem, onProgress }
    const { size, rows, surplus } = await reindexLog(parts)
    const besides = surplus === 0 ? '' : `, ${surplus} follow from nothing that is kept`
    world.print(`${record.slug}: ${size} entries, ${rows} rows ${isDry ? 'are missing' : 'were added'}${besides}\n`)
    if ((isDry && rows > 0) || surplus > 0) isWhole = false
  }
  return isWhole ? 0 : 1
}
