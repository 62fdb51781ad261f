/** `colophon fsck`: rebuilds every tile and root from the entries and compares all that is stored and signed. */

import { ENTRY_FLAGS, parseData, parseFlags } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import { fsck as checkLog } from '../log/fsck.ts'
import type { Mark } from '../log/ports.ts'
import { readDatabase } from '../storage/data-directory.ts'
import type { LogDatabase, LogRecord } from '../storage/database.ts'
import { readMark } from '../storage/log-keys.ts'
import { placeOf } from './data.ts'
import { checkPartsOf } from './log-check.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

type Report = { readonly log: string; readonly size: number; readonly problems: readonly string[] }

/** Of each log, so that one broken page does not print a million lines. */
const SHOWN = 100

export const fsck: Command = {
  name: 'fsck',
  usage: `colophon fsck [--data DIR] [--database URL] [--ratchet DIR] [--log SLUG] [--json]
              [--publish s3://…]

  Reads everything and writes nothing; a server may be running. No private key is needed. What nothing else in a log implies
  cannot be checked: the times of heads beyond their order, and when the log was created.

  --publish  where the entries are that left the database (\`serve --keep-entries\`): they are read there, and checked too

  Exit code 0: clean. 1: problems, printed one a line. 3: could not be carried out.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, [...ENTRY_FLAGS, 'log'], ['json'])
    if (words.length > 0) throw new TlogError('CONFIG_INVALID', 'fsck takes flags alone')
    const place = placeOf(parseData(flags, world.env), world)
    const database = await readDatabase(place)
    try {
      const records = (await database.logs()).filter((record) => flags.log === undefined || record.slug === flags.log)
      if (records.length === 0) throw new TlogError('LOG_UNKNOWN', `no log ${flags.log ?? ''} in ${place.dir}`)
      const damage = await fileDamage(database)
      const reports: Report[] = []
      for (const record of records) reports.push(await check(database, record, place, world))
      world.print(on.has('json') ? `${JSON.stringify({ damage, logs: reports }, null, 2)}\n` : asText(damage, reports))
      return damage.length === 0 && reports.every((report) => report.problems.length === 0) ? 0 : 1
    } finally {
      await database.close()
    }
  },
}

async function fileDamage(database: LogDatabase): Promise<string[]> {
  try {
    await database.checkFile()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

async function check(
  database: LogDatabase,
  record: LogRecord,
  place: ReturnType<typeof placeOf>,
  world: World,
): Promise<Report> {
  const problems: string[] = []
  const onProblem = (problem: string) => void problems.push(problem)
  try {
    const size = await checkLog({
      ...checkPartsOf(database, record),
      mark: await markOf(place, record, onProblem),
      onProblem,
      onProgress: progressBar(world, record.slug),
    })
    return { log: record.slug, size, problems }
  } catch (error) {
    return {
      log: record.slug,
      size: 0,
      problems: [...problems, `the check could not go on: ${(error as Error).message}`],
    }
  }
}

async function markOf(
  place: ReturnType<typeof placeOf>,
  record: LogRecord,
  onProblem: (problem: string) => void,
): Promise<Mark | null> {
  try {
    return await readMark(place, record)
  } catch (error) {
    if (record.state === 'active') onProblem((error as Error).message) // a frozen log may have been retired for want of it
    return null
  }
}

function asText(damage: readonly string[], reports: readonly Report[]): string {
  const lines = reports.flatMap(({ log, size, problems }) => [
    ...problems.slice(0, SHOWN).map((problem) => `${log}: ${problem}`),
    ...(problems.length > SHOWN ? [`${log}: … and ${problems.length - SHOWN} more (--json shows all)`] : []),
    problems.length === 0
      ? `${log}: ${size} entries, clean`
      : `${log}: ${size} entries checked, ${problems.length} problems`,
  ])
  return `${[...damage.map((line) => `database: ${line}`), ...lines].join('\n')}\n`
}
