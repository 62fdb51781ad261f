/** What the commands share: from a data directory to running, verified logs. */

import { resolve } from 'node:path'
import { overlap } from '../config/overlap.ts'
import type { DataConfig } from '../config.ts'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import { loadState } from '../log/load.ts'
import { createLog, DEFAULT_LIMITS, type Log, type LogLimits } from '../log/log.ts'
import type { Clock, Witnesses } from '../log/ports.ts'
import { createSigner } from '../log/signer.ts'
import type { OnStep } from '../log/steps.ts'
import { type DataDirectory, readDatabase } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { openLogKeys } from '../storage/log-keys.ts'
import { ratchetsAt } from './places.ts'
import { openFrozen, type Startable } from './retired.ts'
import type { World } from './world.ts'

export const DEFAULT_SLUG = 'v2'
export const DEFAULT_DIALECT = 'rekor-v2'

export interface StartOptions {
  readonly clock: Clock
  readonly limits?: Partial<LogLimits>
  readonly onStep: (slug: string) => OnStep
  readonly onPublishDelayed: (slug: string, error: TlogError) => void
  readonly onFailure: (slug: string, error: unknown) => void
  /** For a log of its own each. */
  readonly witnesses: () => Witnesses
}

/** @throws TlogError whatever is in doubt about any log that may still sign: then none is started. */
export async function startLogs(data: DataDirectory, options: StartOptions): Promise<Log[]> {
  const ready = []
  for (const record of await data.database.logs()) ready.push(await prepareLog(data, record, options))
  const logs = ready.flatMap((start) => (start === null ? [] : [start()]))
  await Promise.all(logs.map((log) => log.started()))
  return logs
}

/**
 * One that was added to the directory since, or that runs alone. Resolves once it has a checkpoint.
 * @throws TlogError as startLogs does; LOG_FROZEN when there is nothing to start.
 */
export async function startLog(data: DataDirectory, record: LogRecord, options: StartOptions): Promise<Log> {
  const start = await prepareLog(data, record, options)
  if (start === null) throw new TlogError('LOG_FROZEN', `log ${record.slug} is frozen, and has no checkpoint`)
  const log = start()
  await log.started()
  return log
}

/** Null for a frozen log of which there is nothing to serve. */
async function prepareLog(data: DataDirectory, record: LogRecord, options: StartOptions): Promise<(() => Log) | null> {
  const { slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey } = record
  const store = data.store(record.number)
  const whole = async (): Promise<Startable> => {
    const { key, ecdsa, mlDsa, ratchet } = await openLogKeys(data.place, record)
    const named = ecdsa && { name: hostOfOrigin(origin), key: ecdsa }
    const signer = createSigner(parseVkey(vkey), key, { ecdsa: named, mlDsa })
    return { signer, ratchet, state: await loadState({ origin, store, ratchet, signer }) }
  }
  const startable = record.state === 'frozen' ? await openFrozen(record, store, whole) : await whole()
  if (startable === null) return null
  const { signer, ratchet, state } = startable
  const parts = {
    identity: { slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey },
    state: record.compromisedSince === null ? record.state : ('compromised' as const),
    store,
    storeLost: data.lost,
    ratchet,
    signer,
    witnesses: options.witnesses(),
    clock: options.clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onStep: options.onStep(slug),
    onPublishDelayed: (error: TlogError) => options.onPublishDelayed(slug, error),
    onFailure: (error: unknown) => options.onFailure(slug, error),
  }
  return () => createLog(parts, state)
}

/** Beside a running server too. */
export async function listLogs(place: DataDirectory['place']): Promise<readonly LogRecord[]> {
  const database = await readDatabase(place)
  try {
    return await database.logs()
  } finally {
    await database.close()
  }
}

export function placeOf(config: DataConfig, world: World): DataDirectory['place'] {
  return { dir: config.dir, ratchets: ratchetsAt(config.ratchet, world), passphrase: config.passphrase }
}

/** The one word of a command that copies what is in `place`, as an absolute path. @throws TlogError CONFIG_INVALID */
export function parseOut(command: string, words: readonly string[], place: DataDirectory['place']): string {
  const [out, ...rest] = words
  if (out === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', `${command} takes one path, OUT`)
  const path = resolve(out)
  if (overlap(path, place.dir) || (place.ratchets.dir !== null && overlap(path, place.ratchets.dir)))
    throw new TlogError(
      'CONFIG_INVALID',
      `${out} overlaps with the data directory or the ratchet's: choose another place`,
    )
  return path
}
