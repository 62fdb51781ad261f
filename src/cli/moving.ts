/**
 * Moves all logs of a database to another. Each step may be cut off: then the source goes on as it was, or the same move done
 * again goes on where it ended; at no moment may both be served.
 */

import { isDeepStrictEqual } from 'node:util'
import type { LeafIndex } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { fsck } from '../log/fsck.ts'
import type { ContentName } from '../log/ports.ts'
import { compareLogs } from '../log/transfer/compare.ts'
import { copyBeside, copyCheckpoints, copyTree, type OnProgress } from '../log/transfer/copy.ts'
import { rowsOf } from '../log/transfer/pages.ts'
import type { HeldEnd } from '../storage/copy-ends.ts'
import type { Copied, Copy, LogDatabase, LogRecord, MovableDatabase, Standing } from '../storage/database.ts'
import { checkPartsOf } from './log-check.ts'

export interface MoveParts {
  readonly source: HeldEnd
  readonly target: HeldEnd
  /** A name that no other copy has. */
  readonly name: string
  readonly progress: (label: string) => OnProgress
}

/**
 * @returns what was moved
 * @throws TlogError COPY_REFUSED when the target is in use; STORE_CORRUPT with the log and the place when the source or the copy
 *   is not whole; STORE_MOVED when the source was moved elsewhere
 */
export async function moveLogs(parts: MoveParts): Promise<readonly Copied[]> {
  const [source, target] = [parts.source.database, parts.target.database]
  const standing = await source.standing()
  const copy = standing.state === 'open' ? await copyAt(parts) : await endingAt(parts, standing)
  const records = await source.logs()
  if (standing.state === 'open') await copyAll(parts, records)
  const copied = await sizesOf(parts, records)
  if (standing.state === 'open') await source.leave({ name: copy.name, place: parts.target.place }, copied)
  await target.arrived(copy)
  return copied
}

/** The copy by which the source has left: all of it was there, and only the last word was not said. */
async function endingAt({ source, target }: MoveParts, { state, copy: left }: Standing): Promise<Copy> {
  const { state: there, copy } = await target.database.standing()
  if (state === 'left' && there === 'arriving' && copy !== null && copy.name === left?.name) return copy
  throw new TlogError(
    'STORE_MOVED',
    state === 'left'
      ? `the logs of ${source.place} were moved to ${left?.place}, and go on there: copy from that database`
      : `a copy to ${source.place} from ${left?.place} did not end: nothing can be copied from there`,
  )
}

/** That comes in at the target: a new one, or one that was cut off. */
async function copyAt({ source, target, name }: MoveParts): Promise<Copy> {
  const { state, copy } = await target.database.standing()
  if (state === 'arriving' && copy !== null && copy.place === source.place) return copy
  const refuse = (why: string) => new TlogError('COPY_REFUSED', `${target.place} ${why}`)
  if (state === 'arriving')
    throw refuse(`takes in a copy from ${copy?.place}, which did not end: finish that one, or take another place`)
  if (state === 'left' || copy !== null || (await target.database.logs()).length > 0)
    throw refuse('has logs already: a copy goes to where there are none')
  const fresh = { name, place: source.place }
  await target.database.arrive(fresh)
  return fresh
}

async function copyAll(
  { source: from, target: to, progress }: MoveParts,
  records: readonly LogRecord[],
): Promise<void> {
  const [source, target] = [from.database, to.database]
  await source.checkFile()
  await each(records, (record) => check(source, record, progress(`${record.slug} check`)))
  await each(records, (record) => takeUp(target, record))
  await each(records, async ({ number, slug }) => {
    await copyTree(source.store(number), target.target(number), progress(`${slug} entries`))
  })
  await copyWithdrawals(source, target, records)
  await each(records, async ({ number, slug }) => {
    await copyBeside(source.store(number), target.target(number), progress(`${slug} lookup keys`))
    await copyCheckpoints(source.store(number), target.target(number))
  })
  await each(records, (record) => end(target, record))
  await each(records, async (record) => {
    const [here, there] = [source.store(record.number), target.store(record.number)]
    await compareLogs(here, there, progress(`${record.slug} comparison`))
  })
  await compareDatabases(source, target)
}

/** What goes wrong with one log is told with its name. */
async function each(records: readonly LogRecord[], work: (record: LogRecord) => Promise<void>): Promise<void> {
  for (const record of records)
    try {
      await work(record)
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      throw new TlogError(error.code, `${record.slug}: ${error.message}`, { cause: error })
    }
}

/** The first problem ends it. What a frozen log signed is in its checkpoints; its ratchet, and that of the others, a start compares. */
async function check(database: LogDatabase, record: LogRecord, onProgress: OnProgress): Promise<void> {
  let first: string | null = null
  const onProblem = (problem: string) => {
    first = problem
    throw new Error(problem) // not of ours, which the check would take for one more problem
  }
  try {
    await fsck({ ...checkPartsOf(database, record), mark: null, onProblem, onProgress })
  } catch (error) {
    throw first === null ? error : new TlogError('STORE_CORRUPT', first)
  }
}

/** The record of a log, active as yet: an ended one takes no entries. */
async function takeUp(target: LogDatabase, record: LogRecord): Promise<void> {
  const there = (await target.logs())[record.number] ?? (await target.createLog(record))
  const identity = ({ number, slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey, createdAt }: LogRecord) => {
    return { number, slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey, createdAt }
  }
  if (!isDeepStrictEqual(identity(there), identity(record)))
    throw new TlogError('COPY_REFUSED', `the target has another log, ${there.slug} (${there.vkey}), in its place`)
}

async function end(target: LogDatabase, { number, retiredAt, compromisedSince }: LogRecord): Promise<void> {
  if (retiredAt === null) return
  await target.freezeLog(number, retiredAt)
  if (compromisedSince !== null) await target.compromiseLog(number, retiredAt, compromisedSince)
}

interface WithdrawnBy extends ContentName {
  readonly log: number
  readonly index: LeafIndex
}

/** In the order in which they were made, whichever log made them. */
async function copyWithdrawals(
  source: LogDatabase,
  target: MovableDatabase,
  records: readonly LogRecord[],
): Promise<void> {
  for await (const { log, ...withdrawal } of withdrawals(source, records))
    await target.target(log).keep({ withdrawals: [withdrawal] })
}

async function* withdrawals(database: LogDatabase, records: readonly LogRecord[]): AsyncGenerator<WithdrawnBy> {
  if (records.length === 0) return
  let skip = 0
  for await (const name of rowsOf<ContentName>(async () => await database.store(0).withdrawals(skip, 256))) {
    skip++
    const places = await Promise.all(records.map(({ number }) => database.store(number).withdrawn(name)))
    const log = places.findIndex((place) => place !== null)
    const index = places[log]?.index
    if (index === undefined)
      throw new TlogError(
        'STORE_CORRUPT',
        `withdrawal ${skip - 1}, of ${name.algorithm}:${hex(name.digest)}: no log has its entry`,
      )
    yield { ...name, log, index }
  }
}

async function compareDatabases(source: LogDatabase, target: LogDatabase): Promise<void> {
  const [here, there] = [await source.logs(), await target.logs()]
  if (!isDeepStrictEqual(here, there))
    throw new TlogError('STORE_CORRUPT', 'the copy is not the same: there are other logs, or they ended otherwise')
  const theirs = withdrawals(target, there)
  for await (const one of withdrawals(source, here))
    if (!isDeepStrictEqual(one, (await theirs.next()).value))
      throw new TlogError(
        'STORE_CORRUPT',
        `the copy is not the same: it lacks the withdrawal by entry ${one.index} of log ${one.log}`,
      )
  if ((await theirs.next()).done !== true)
    throw new TlogError('STORE_CORRUPT', 'the copy is not the same: it has more withdrawals')
}

/** What has come, and under which lease. */
async function sizesOf({ source, target }: MoveParts, records: readonly LogRecord[]): Promise<readonly Copied[]> {
  return await Promise.all(
    records.map(async (record) => {
      const head = await target.database.store(record.number).head()
      if (head === null) throw new TlogError('STORE_CORRUPT', `${record.slug}: there is no head, not even of size 0`)
      return { record, size: head.size, fence: source.fence(record.number) }
    }),
  )
}
