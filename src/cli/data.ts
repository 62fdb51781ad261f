/** What the commands share: from a data directory to running, verified logs. */

import type { DataConfig } from '../config.ts'
import { parseVkey } from '../formats/c2sp/vkey.ts'
import { loadState } from '../log/load.ts'
import { createLog, DEFAULT_LIMITS, type Log, type LogLimits } from '../log/log.ts'
import type { Clock } from '../log/ports.ts'
import { createSigner } from '../log/signer.ts'
import type { OnStep } from '../log/steps.ts'
import { quorumNone } from '../log/witnesses.ts'
import { type DataDirectory, openLogKeys } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'

export const DEFAULT_SLUG = 'v2'
export const DEFAULT_DIALECT = 'rekor-v2'

export interface StartOptions {
  readonly clock: Clock
  readonly limits?: Partial<LogLimits>
  readonly onStep: (slug: string) => OnStep
  readonly onFailure: (slug: string, error: unknown) => void
}

/** @throws TlogError whatever is in doubt about any log: then none is started. */
export async function startLogs(data: DataDirectory, options: StartOptions): Promise<Log[]> {
  const ready = []
  for (const record of data.database.logs()) ready.push(await prepareLog(data, record, options))
  return ready.map((start) => start())
}

async function prepareLog(data: DataDirectory, record: LogRecord, options: StartOptions): Promise<() => Log> {
  const { slug, dialect, origin, vkey } = record
  const { key, ratchet } = await openLogKeys(data.place, record)
  const signer = createSigner(parseVkey(vkey), key)
  const store = data.store(record.number)
  const state = await loadState({ origin, store, ratchet, signer })
  const parts = {
    identity: { slug, dialect, origin, vkey },
    state: record.state,
    store,
    ratchet,
    signer,
    witnesses: quorumNone,
    clock: options.clock,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onStep: options.onStep(slug),
    onPublishDelayed: () => undefined,
    onFailure: (error: unknown) => options.onFailure(slug, error),
  }
  return () => createLog(parts, state)
}

export function placeOf(config: DataConfig): DataDirectory['place'] {
  return { dir: config.dir, ratchetDir: config.ratchetDir, passphrase: config.passphrase }
}
