/** `colophon log create` and `colophon log list`. */

import { Problems, parseData, parseFlags, parseHostname } from '../config.ts'
import { DIALECTS } from '../dialects/names.ts'
import { TlogError } from '../kernel/error.ts'
import {
  createDataDirectory,
  createLogIn,
  databasePath,
  isUnused,
  openDataDirectory,
} from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { openDatabase } from '../storage/sqlite/open.ts'
import { DEFAULT_DIALECT, placeOf } from './data.ts'
import type { Command, ExitCode, World } from './world.ts'

export const log: Command = {
  name: 'log',
  usage: `colophon log create SLUG --origin HOST [--dialect rekor-v2|rekor-v1] [--data DIR] [--ratchet DIR] [--json]
colophon log list [--data DIR] [--json]

  SLUG names the log in paths, metrics and commands, for life: [a-z0-9][a-z0-9-]{0,31}.
  The origin is the host name under which its clients reach it. No two rekor-v2 logs have the same; to that of a
  rekor-v1 log the number of its tree is added.
  The server must not be running while a log is created.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, ['data', 'ratchet', 'origin', 'dialect'], ['json'])
    const [action, slug, ...rest] = words
    const show = (records: readonly LogRecord[]) => world.print(on.has('json') ? asJson(records) : asText(records))
    if (action === 'list' && slug === undefined) {
      show(listLogs(placeOf(parseData(flags, world.env))))
      return 0
    }
    if (action !== 'create' || slug === undefined || rest.length > 0)
      throw new TlogError('CONFIG_INVALID', 'log takes `create SLUG` or `list`')
    const problems = new Problems()
    const origin = problems.take('--origin', '', () => parseHostname(flags.origin ?? ''))
    const dialect = problems.take('--dialect', '', () => parseDialect(flags.dialect ?? DEFAULT_DIALECT))
    problems.check()
    show([await create({ slug, origin, dialect }, flags, world)])
    return 0
  },
}

async function create(
  request: { slug: string; origin: string; dialect: string },
  flags: Parameters<typeof parseData>[0],
  world: World,
): Promise<LogRecord> {
  const place = placeOf(parseData(flags, world.env))
  const isOurs = isUnused(place)
  const data = isOurs ? createDataDirectory(place) : openDataDirectory(place)
  try {
    return await createLogIn(data, request, world.clock.now())
  } catch (error) {
    if (isOurs) await data.discard()
    throw error
  } finally {
    await data.close()
  }
}

/** Beside a running server too. */
function listLogs(place: ReturnType<typeof placeOf>): readonly LogRecord[] {
  const database = openDatabase(databasePath(place), { readonly: true })
  try {
    return database.logs()
  } finally {
    database.close()
  }
}

function parseDialect(text: string): string {
  if (!(DIALECTS as readonly string[]).includes(text))
    throw new Error(`must be one of ${DIALECTS.join(', ')}, not ${text}`)
  return text
}

function asJson(records: readonly LogRecord[]): string {
  return `${JSON.stringify(records, null, 2)}\n`
}

function stateOf({ state, retiredAt, compromisedSince }: LogRecord): string {
  if (compromisedSince !== null) return `COMPROMISED since ${iso(compromisedSince)}`
  return retiredAt === null ? state : `${state} on ${iso(retiredAt)}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function asText(records: readonly LogRecord[]): string {
  return records
    .map((r) => `${r.slug}  ${r.dialect}  ${stateOf(r)}  origin ${r.origin}  since ${iso(r.createdAt)}\n  ${r.vkey}\n`)
    .join('')
}
