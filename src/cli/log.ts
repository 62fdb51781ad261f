/** `colophon log create` and `colophon log list`. */

import { Problems, parseFlags, parseHostname, parseSigning } from '../config.ts'
import { DIALECTS } from '../dialects/names.ts'
import { TlogError } from '../kernel/error.ts'
import { createLogIn, type LogRequest } from '../storage/create-log.ts'
import { createDataDirectory, isUnused } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import type { DataPlace } from '../storage/log-keys.ts'
import { DEFAULT_DIALECT, listLogs, placeOf, recordOf } from './data.ts'
import { isWaitingAmong, successorOf } from './successor.ts'
import { withLifecycle } from './with-lifecycle.ts'
import type { Command, ExitCode, World } from './world.ts'

export const log: Command = {
  name: 'log',
  usage: `colophon log create SLUG --origin HOST [--dialect rekor-v2|rekor-v1] [--data DIR] [--ratchet DIR] [--json]
colophon log create SLUG --after OLD [--origin HOST] [--data DIR] [--ratchet DIR] [--json]
colophon log create SLUG --origin HOST --without-ml-dsa ...
colophon log list [--data DIR] [--json]

  SLUG names the log in paths, metrics and commands, for life: [a-z0-9][a-z0-9-]{0,31}.
  The origin is the host name under which its clients reach it. No two rekor-v2 logs have the same; to that of a
  rekor-v1 log the number of its tree is added.
  --after makes a successor of the log OLD, with its dialect. Of a rekor-v1 log it has the same host by default, and then
  waits: the trust files list it from now on, and it takes entries once OLD is frozen (\`colophon freeze\`).
  Keys that are there, keys/SLUG.pem and so on, become the log's; the others are made.
  --without-ml-dsa makes no ML-DSA-44 key: for a log from before logs had one, that is made anew from its keys and a copy.
  A server that runs there makes the log, and serves it at once.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(
      argv,
      ['data', 'ratchet', 'origin', 'dialect', 'after'],
      ['json', 'without-ml-dsa'],
    )
    const [action, slug, ...rest] = words
    const config = parseSigning(flags, world.env)
    const place = placeOf(config, world)
    const show = async (only?: string) => {
      const shown = listed(await listLogs(place)).filter((record) => only === undefined || record.slug === only)
      world.print(on.has('json') ? asJson(shown) : asText(shown))
    }
    if (action === 'list' && slug === undefined) {
      await show()
      return 0
    }
    if (action !== 'create' || slug === undefined || rest.length > 0)
      throw new TlogError('CONFIG_INVALID', 'log takes `create SLUG` or `list`')
    const request = { ...(await requestOf(slug, flags, place)), withoutMlDsa: on.has('without-ml-dsa') }
    if (isUnused(place)) await createFirst(request, place, world)
    else await withLifecycle(config, world, async (lifecycle) => await lifecycle.create(request))
    await show(slug)
    return 0
  },
}

type Given = { readonly origin?: string; readonly dialect?: string; readonly after?: string }

async function requestOf(slug: string, { origin, dialect, after }: Given, place: DataPlace): Promise<LogRequest> {
  const problems = new Problems()
  const host = problems.take('--origin', null, () =>
    origin === undefined && after !== undefined ? null : parseHostname(origin ?? ''),
  )
  const spoken = problems.take('--dialect', '', () => parseDialect(dialect ?? DEFAULT_DIALECT))
  if (dialect !== undefined && after !== undefined) problems.note('--dialect', 'is that of --after')
  problems.check()
  if (after === undefined) return { slug, dialect: spoken, origin: host ?? '' }
  return successorOf(recordOf(await listLogs(place), after), slug, host)
}

/** What was made for a log that is refused is taken back. */
async function createFirst(request: LogRequest, place: DataPlace, world: World): Promise<void> {
  const data = await createDataDirectory(place)
  try {
    await createLogIn(data, request, world.clock.now())
  } catch (error) {
    await data.discard()
    throw error
  } finally {
    await data.close()
  }
}

type Listed = Omit<LogRecord, 'state'> & { readonly state: LogRecord['state'] | 'waiting' }

function listed(records: readonly LogRecord[]): readonly Listed[] {
  return records.map((record) => (isWaitingAmong(record, records) ? { ...record, state: 'waiting' } : record))
}

function parseDialect(text: string): string {
  if (!(DIALECTS as readonly string[]).includes(text))
    throw new Error(`must be one of ${DIALECTS.join(', ')}, not ${text}`)
  return text
}

function asJson(records: readonly Listed[]): string {
  return `${JSON.stringify(records, null, 2)}\n`
}

function stateOf({ state, retiredAt, compromisedSince }: Listed): string {
  if (compromisedSince !== null) return `COMPROMISED since ${iso(compromisedSince)}`
  return retiredAt === null ? state : `${state} on ${iso(retiredAt)}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** The whole one has 1,800 characters. */
function inShort(mlDsaVkey: string): string {
  const [name, id] = mlDsaVkey.split('+', 2)
  return `${name}+${id}+… of ML-DSA-44, whole with --json`
}

function asText(records: readonly Listed[]): string {
  const blocks = records.map((r) => {
    const first = `${r.slug}  ${r.dialect}  ${stateOf(r)}  origin ${r.origin}  since ${iso(r.createdAt)}`
    return [first, r.vkey, ...(r.mlDsaVkey === null ? [] : [inShort(r.mlDsaVkey)])].join('\n  ')
  })
  return blocks.map((block) => `${block}\n`).join('')
}
