/** `colophon restore`: a data directory from a backup, believed as far as the ratchet allows. */

import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { DATA_FLAGS, parseData, parseFlags } from '../config.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { TlogError } from '../kernel/error.ts'
import { loadState, loadVerifiedEdge } from '../log/load.ts'
import type { Head, LogReader, Mark } from '../log/ports.ts'
import { openerOf } from '../log/signer.ts'
import { checkBackup, copyBackup, finishRestore, isRestoreUnderWay } from '../storage/backup-directory.ts'
import { checkNoStrayRatchet, isUnused, openDataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { lockDataDirectory } from '../storage/lock.ts'
import { type DataPlace, readMark } from '../storage/log-keys.ts'
import { openDatabase } from '../storage/sqlite/open.ts'
import { placeOf } from './data.ts'
import { progressBar } from './progress.ts'
import type { Command, ExitCode, World } from './world.ts'

/** What is known of one restored log; `missing` says in words why it cannot go on as it is. */
interface Restored {
  readonly log: string
  readonly size: number
  readonly missing: string | null
}

export const restore: Command = {
  name: 'restore',
  usage: `colophon restore BACKUP [--data DIR] [--ratchet DIR]

  Checks the backup against its hashes, copies it, and verifies what a start verifies. DIR of --data must be absent or
  empty, but for the ratchet. An interrupted restore is run again.
  Exit code 0: the logs go on where they were. 1: restored, but something that was signed later is missing; the output
  says how much and what brings it. 3: refused; no log can start from what is there.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, DATA_FLAGS)
    const [from, ...rest] = words
    if (from === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'restore takes one path, BACKUP')
    const place = placeOf(parseData(flags, world.env), world)
    if (place.database != null)
      throw new TlogError(
        'COPY_REFUSED',
        'the logs are in PostgreSQL: bring it back by its own means, then run `colophon fsck`, and `colophon recover` for what is missing',
      )
    checkUnused(place)
    const backup = resolve(from)
    const files = await checkBackup(backup, progressBar(world, 'checking'))
    makeDirectory(place.dir)
    const lock = lockDataDirectory(place.dir)
    let logs: readonly Restored[]
    try {
      logs = await verify(await copyBackup(backup, place.dir, files), place)
      await finishRestore(place.dir)
    } finally {
      lock.release()
    }
    report(logs, world)
    if (!files.some(({ path }) => path.startsWith('keys/')))
      world.warn(`the backup has no keys: bring them back to ${place.dir}/keys before the server starts`)
    return (await hasStray(place, world)) || logs.some(({ missing }) => missing !== null) ? 1 : 0
  },
}

/** The ratchet outlives the database: it may be there already, also inside the directory. */
function checkUnused(place: DataPlace): void {
  if (isUnused(place) || isRestoreUnderWay(place.dir)) return
  const names = existsSync(place.dir) ? readdirSync(place.dir) : []
  const allowed = ['lock', 'lock-journal', 'lost+found']
  const ratchetDir = place.ratchets.dir
  if (ratchetDir !== null && dirname(ratchetDir) === place.dir) allowed.push(basename(ratchetDir))
  const other = names.find((name) => !allowed.includes(name))
  if (other !== undefined)
    throw new TlogError(
      'COPY_REFUSED',
      `${place.dir} is in use: it holds ${other}. Move it away, never delete it: it may have what the backup lacks`,
    )
}

async function verify(path: string, place: DataPlace): Promise<readonly Restored[]> {
  const database = openDatabase(path)
  try {
    const restored: Restored[] = []
    for (const record of await database.logs())
      restored.push(await verifyLog(database.store(record.number), record, place))
    return restored
  } finally {
    await database.close()
  }
}

async function verifyLog(store: LogReader, record: LogRecord, place: DataPlace): Promise<Restored> {
  const head = await store.head()
  if (head === null) throw new TlogError('STORE_CORRUPT', `${record.slug}: the backup has no head of it`)
  const restored = { log: record.slug, size: head.size }
  const mark = await readMark(place, record).catch((error: TlogError) => error)
  if (mark instanceof TlogError || mark.size > head.size) {
    await loadVerifiedEdge(head, store)
    return { ...restored, missing: whatIsMissing(mark, head, record) }
  }
  const signer = { open: openerOf(record.vkey) }
  await loadState({ origin: record.origin, store, ratchet: { read: async () => mark }, signer })
  return { ...restored, missing: null }
}

function whatIsMissing(mark: Mark | TlogError, head: Head, { slug, state }: LogRecord): string | null {
  if (state === 'frozen') return null // it signs no more, and is served as far as it goes
  if (mark instanceof TlogError)
    return `the ratchet cannot be read, so nobody knows what was signed last: ${mark.message}\n  Bring it back. If it is lost: \`colophon recover --log ${slug} --from COPY\` brings what a copy has, \`colophon retire ${slug}\` then ends the log`
  return `${mark.size - head.size} entries are missing: the backup ends at ${head.size}, the ratchet says ${mark.size} was signed\n  \`colophon recover --log ${slug} --from COPY\` brings them from an export, a mirror or any copy of the log`
}

function report(logs: readonly Restored[], world: World): void {
  for (const { log, size, missing } of logs)
    world.print(
      missing === null ? `${log}: ${size} entries, whole\n` : `${log}: ${size} entries, NOT WHOLE\n  ${missing}\n`,
    )
}

/** A log that was created after the backup left nothing but its ratchet. */
async function hasStray(place: DataPlace, world: World): Promise<boolean> {
  const data = await openDataDirectory(place)
  try {
    const strays = await checkNoStrayRatchet(data)
    for (const stray of strays) world.warn(stray)
    return strays.length > 0
  } catch (error) {
    world.warn((error as Error).message)
    return true
  } finally {
    await data.close()
  }
}
