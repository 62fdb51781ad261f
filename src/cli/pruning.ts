/** `serve --keep-entries`: older entries leave PostgreSQL for the object store of --publish. */

import type { Logger } from 'pino'
import type { ServeConfig } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import type { Beside } from '../log/cluster/leader.ts'
import type { Fence, SharedLog } from '../log/cluster/ports.ts'
import { startPruner } from '../log/cluster/pruner.ts'
import { openerOf } from '../log/signer.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { readCopy } from './places.ts'
import type { World } from './world.ts'

export interface Led {
  readonly record: LogRecord
  readonly shared: SharedLog
  readonly fence: Fence
}

export type StartPruner = (led: Led) => Beside

/** Undefined: all entries stay. */
export function prunerOf(
  { keepEntries: keep, publish }: ServeConfig,
  logger: Logger,
  world: World,
): StartPruner | undefined {
  if (keep === null || publish === null) return undefined
  return ({ record: { slug, origin, vkey }, shared: { reader, pruning }, fence }) =>
    startPruner({
      origin,
      open: openerOf(vkey),
      reader,
      pruning,
      fence,
      copy: readCopy(publish, slug, world),
      keep,
      clock: world.clock,
      onPruned: (before) => logger.debug({ log: slug, before }, 'entries have left the database'),
      onFailure: (error) => logger.warn({ err: error, log: slug }, 'no entries leave the database; it is tried again'),
    })
}

/** What left the database must be found. @throws TlogError CONFIG_INVALID */
export async function checkPruned({ database, shared }: DataDirectory, { publish }: ServeConfig): Promise<void> {
  if (shared === null || publish?.kind === 'objects') return
  for (const { number, slug } of await database.logs()) {
    const before = await shared(number).pruning.pruned()
    if (before > 0)
      throw new TlogError(
        'CONFIG_INVALID',
        `the entries of ${slug} before ${before} have left the database: --publish must say which object store has them (s3://BUCKET/PREFIX)`,
      )
  }
}
