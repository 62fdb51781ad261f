/** What the commands share: from a data directory to running, verified logs. */

import { resolve } from 'node:path'
import { overlap } from '../config/overlap.ts'
import type { DataConfig } from '../config.ts'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import type { SharedLog } from '../log/cluster/ports.ts'
import { loadState } from '../log/load.ts'
import { createLog, DEFAULT_LIMITS, type Log, type LogIdentity, type LogLimits, type LogParts } from '../log/log.ts'
import type { Clock, Witnesses } from '../log/ports.ts'
import { createSigner, openerOf } from '../log/signer.ts'
import type { OnStep } from '../log/steps.ts'
import { type DataDirectory, readDatabase } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { openLogKeys, ratchetIdentity } from '../storage/log-keys.ts'
import { type Hands, prepareMember } from './nodes.ts'
import { ratchetsAt } from './places.ts'
import { openFrozen, type Startable, unlessLost } from './retired.ts'
import type { World } from './world.ts'

export const DEFAULT_SLUG = 'v2'
export const DEFAULT_DIALECT = 'rekor-v2'
/** How old a node's knowledge of a log's state may be. */
const STATE_MS = 1000

export interface StartOptions {
  readonly clock: Clock
  readonly limits?: Partial<LogLimits>
  readonly onStep: (slug: string) => OnStep
  readonly onPublishDelayed: (slug: string, error: TlogError) => void
  readonly onFailure: (slug: string, error: unknown) => void
  /** Of several nodes, whether this one sequences the log, whenever that changes. */
  readonly onLead?: (slug: string, leads: boolean) => void
  /** For a log of its own each. */
  readonly witnesses: (slug: string) => Witnesses
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
  const { slug, number } = record
  if (data.shared !== null) return await prepareShared(data, record, options, data.shared(number))
  const store = data.store(number)
  const whole = async (): Promise<Startable> => {
    const hands = await openHands(data.place, record)
    return { ...hands, state: await loadState({ origin: record.origin, store, ...hands }) }
  }
  const startable = record.state === 'frozen' ? await openFrozen(record, store, whole) : await whole()
  if (startable === null) return null
  const { signer, ratchet, state } = startable
  const parts = {
    identity: identityOf(record),
    state: stateOf(record),
    store,
    storeLost: data.lost,
    ratchet,
    signer,
    witnesses: options.witnesses(slug),
    clock: options.clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onStep: options.onStep(slug),
    onPublishDelayed: (error: TlogError) => options.onPublishDelayed(slug, error),
    onFailure: (error: unknown) => options.onFailure(slug, error),
  }
  return () => createLog(parts, state)
}

/** This node's member. What another node does to the log is heard of within a second. */
async function prepareShared(
  { database, place }: DataDirectory,
  record: LogRecord,
  options: StartOptions,
  shared: SharedLog,
): Promise<() => Log> {
  const { slug, number } = record
  const state = async () => stateOf((await database.logs()).find((log) => log.number === number) ?? record)
  return await prepareMember({
    shared,
    identity: identityOf(record),
    hands: await handsOf(place, record),
    opener: openerOf(record.vkey),
    state: remembered(options.clock, STATE_MS, state),
    witnesses: options.witnesses(slug),
    clock: options.clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onStep: options.onStep(slug),
    onDelayed: (error) => options.onPublishDelayed(slug, error),
    onLead: (leads) => options.onLead?.(slug, leads),
    onFailure: (error) => options.onFailure(slug, error),
  })
}

/** Null for a log that is frozen, and cannot sign any more or must not. */
async function handsOf(place: DataDirectory['place'], record: LogRecord): Promise<Hands | null> {
  if (record.compromisedSince !== null) return null
  const opening = openHands(place, record)
  const opened = record.state === 'frozen' ? await unlessLost(opening) : await opening
  return opened && { signer: opened.signer, ratchet: () => place.ratchets.open(ratchetIdentity(record)) }
}

async function openHands(
  place: DataDirectory['place'],
  record: LogRecord,
): Promise<Pick<Startable, 'signer' | 'ratchet'>> {
  const { origin, vkey } = record
  const { key, ecdsa, mlDsa, ratchet } = await openLogKeys(place, record)
  const named = ecdsa && { name: hostOfOrigin(origin), key: ecdsa }
  return { signer: createSigner(parseVkey(vkey), key, { ecdsa: named, mlDsa }), ratchet }
}

function identityOf({ slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey }: LogRecord): LogIdentity {
  return { slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey }
}

function stateOf({ compromisedSince, state }: LogRecord): LogParts['state'] {
  return compromisedSince === null ? state : 'compromised'
}

/** Asks again when what it knows is so old, or of a time that has not come yet: a clock may be set back. */
function remembered<T>(clock: Clock, ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: T; readonly at: number } | null = null
  return async () => {
    const age = known === null ? ms : clock.now() - known.at
    if (known === null || age < 0 || age >= ms) known = { value: await ask(), at: clock.now() }
    return known.value
  }
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

/** @throws TlogError LOG_UNKNOWN */
export function recordOf(records: readonly LogRecord[], slug: string): LogRecord {
  const record = records.find((log) => log.slug === slug)
  if (record === undefined) throw new TlogError('LOG_UNKNOWN', `no log ${slug} is in this data directory`)
  return record
}

export function placeOf(config: DataConfig, world: World): DataDirectory['place'] {
  const { dir, passphrase, database } = config
  return { dir, ratchets: ratchetsAt(config.ratchet, world), passphrase, database }
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
