/** `colophon recover`: the tail that a database lost, from a copy of the log. */

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { DATA_FLAGS, type DataConfig, parseCopyPlace, parseData, parseFlags } from '../config.ts'
import { factsOf } from '../dialects/facts.ts'
import { withdrawalsOf } from '../dialects/withdrawals.ts'
import { isS3Url } from '../formats/s3/location.ts'
import { TlogError } from '../kernel/error.ts'
import { type ReadResource, readCheckpoint } from '../log/copy.ts'
import type { Mark } from '../log/ports.ts'
import { type Recovery, recover as recoverLog } from '../log/recover.ts'
import { type DataDirectory, openDataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { parseCopyUrl, readUrl } from '../storage/http-copy.ts'
import { type DataPlace, readMark } from '../storage/log-keys.ts'
import { placeOf } from './data.ts'
import { openerOfCopy } from './own-lines.ts'
import { readCopy } from './places.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

export const recover: Command = {
  name: 'recover',
  usage: `colophon recover --from URL|DIR|s3://… [--log SLUG] [--data DIR] [--ratchet DIR]

  --from   an export (\`colophon export\`, \`serve --publish\`), a mirror, or any other copy laid out as
           c2sp.org/tlog-tiles: where \`checkpoint\` or \`SLUG/checkpoint\` is. http and https, redirects are
           not followed; s3://BUCKET/PREFIX, reached as AWS_… variables say
  --log    one log; without it every active one, and what is wrong with the copy of one keeps no other from its own

  Nothing is believed: the copy's checkpoint must be signed by the log's own key and reproduce what the database and the
  ratchet have; every entry is authenticated under it before it is appended. Attachments come from an export alone.
  The server must not be running. Interrupted, it is run again and goes on.
  Exit code 0: each log is whole. 1: the copies end before the last signature; other copies may have more. 3: of some log
  there is no copy, or it cannot be believed.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, [...DATA_FLAGS, 'from', 'log'])
    if (words.length > 0 || flags.from === undefined)
      throw new TlogError('CONFIG_INVALID', 'recover takes flags alone, and --from')
    const config = parseData(flags, world.env)
    const candidates = openCopies(flags.from, config, world)
    const data = await openDataDirectory(placeOf(config, world))
    try {
      return await recoverEach(data, await chosen(data, flags.log), candidates, world)
    } finally {
      await data.close()
    }
  },
}

/** A copy of one log by the log's name: below it, else right there. */
type OpenCopies = (slug: string) => readonly ReadResource[]

function openCopies(from: string, config: DataConfig, world: World): OpenCopies {
  if (isS3Url(from) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) {
    const place = isS3Url(from)
      ? parseCopyPlace(from, config, world.env)
      : { kind: 'directory' as const, dir: resolve(from) }
    return (slug) => [readCopy(place, slug, world), readCopy(place, null, world)]
  }
  const url = parseCopyUrl(from)
  return (slug) => [readUrl(new URL(`${slug}/`, url), world.clock), readUrl(url, world.clock)]
}

async function chosen(data: DataDirectory, slug: string | undefined): Promise<readonly LogRecord[]> {
  const logs = await data.database.logs()
  if (slug === undefined) return logs.filter(({ state }) => state === 'active')
  const record = logs.find((log) => log.slug === slug)
  if (record === undefined) throw new TlogError('LOG_UNKNOWN', `no log ${slug} in ${data.place.dir}`)
  if (record.state === 'frozen')
    throw new TlogError('LOG_FROZEN', `log ${slug} is frozen: it takes no entries, not even its own`)
  return [record]
}

/** One that the copy lacks, or of which it cannot be believed, is no reason to leave the others as they are. */
async function recoverEach(
  data: DataDirectory,
  logs: readonly LogRecord[],
  copies: OpenCopies,
  world: World,
): Promise<ExitCode> {
  let worst: ExitCode = 0
  for (const record of logs)
    try {
      if (!(await recoverOne(data, record, copies, world)) && worst === 0) worst = 1
    } catch (error) {
      if (!(error instanceof TlogError) || logs.length === 1) throw error
      world.warn(`${record.slug}: ${error.code}: ${error.message}`)
      worst = 3
    }
  return worst
}

async function recoverOne(data: DataDirectory, record: LogRecord, copies: OpenCopies, world: World): Promise<boolean> {
  const { slug, origin } = record
  const store = data.database.store(record.number)
  const open = openerOfCopy(record, (await store.head())?.size === 0)
  const mark = await markOf(data.place, record, world)
  const found = await recoverLog({
    origin,
    store,
    mark,
    open,
    read: await choose(copies(slug), { origin, open }),
    facts: factsOf(record.dialect),
    withdraws: withdrawalsOf(record),
    digest: (algorithm, content) => createHash(algorithm).update(content).digest(),
    clock: world.clock,
    onProblem: (problem) => world.warn(`${slug}: ${problem}`),
    onProgress: progressBar(world, slug),
  })
  world.print(`${slug}: ${inWords(found)}\n`)
  const lost = mark === null ? null : mark.size - found.after
  if (lost !== null && lost <= 0) return true
  const what = lost === null ? 'its ratchet is gone' : `${lost} entries that were signed are still missing`
  world.warn(
    `${slug}: ${what}, so it cannot sign. Try other copies; when there are none, \`colophon retire ${slug}\` ends it`,
  )
  return false
}

/** The first that has a checkpoint of this log; the last one says what is wrong. */
async function choose(
  copies: readonly ReadResource[],
  log: Parameters<typeof readCheckpoint>[1],
): Promise<ReadResource> {
  for (const read of copies.slice(0, -1)) if ((await readCheckpoint(read, log)) !== null) return read
  return copies.at(-1) as ReadResource
}

/** Null: gone. Entries may come back all the same, signatures may not. */
async function markOf(place: DataPlace, record: LogRecord, world: World): Promise<Mark | null> {
  try {
    return await readMark(place, record)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    world.warn(`${record.slug}: ${error.message}`)
    return null
  }
}

function inWords({ before, after, copy }: Recovery): string {
  if (copy < before) return `nothing to bring: the copy ends at ${copy}, the database at ${before}`
  return `${after - before} entries brought, now ${after}`
}
