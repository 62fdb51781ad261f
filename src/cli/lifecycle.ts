/** Logs that begin and end while a server runs: one after the other, each in an order that a crash cannot harm. */

import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import type { Logs } from '../http/logs.ts'
import { unixMillis } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import { sleep } from '../log/pace.ts'
import type { Clock } from '../log/ports.ts'
import type { OnStep } from '../log/steps.ts'
import { createLogIn, type LogRequest } from '../storage/create-log.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { recordOf } from './data.ts'
import { type Withdrawn, type WithdrawRequest, withdrawContent } from './withdrawing.ts'

export interface Lifecycle {
  /** @throws TlogError as createLogIn does; whatever keeps the log from starting: then the next start of the server opens it. */
  create(request: LogRequest): Promise<LogRecord>
  /** @throws TlogError LOG_UNKNOWN; LOG_BUSY while the tree that waits behind it has no checkpoint; and as Log.freeze does. */
  freeze(slug: string): Promise<Ended>
  /** @throws TlogError LOG_UNKNOWN, and as withdrawContent does */
  withdraw(request: WithdrawRequest): Promise<Withdrawn>
}

/** Of a server, which goes on in step with others that share its logs. */
export interface ServedLifecycle extends Lifecycle {
  /** Starts what another node has made, and tells of what it has ended. @throws TlogError whatever keeps a log from starting */
  follow(): Promise<void>
}

/** How often nodes ask what others have done to the logs. */
export const FOLLOW_MS = 1000
/** By then every node that is not cut off knows. */
const HEARD_MS = 2 * FOLLOW_MS

/** What the final checkpoint says. */
export interface Ended {
  readonly size: number
  /** In hex. */
  readonly root: string
}

export interface LifecycleParts {
  readonly data: DataDirectory
  readonly logs: Logs
  readonly start: (record: LogRecord) => Promise<Log>
  readonly clock: Clock
  readonly onStep: (slug: string) => OnStep
  /** Tells the world which logs there are now, and since when. Must not throw: what was done stays done. */
  readonly tell: () => Promise<void>
  /** Something may be gone from the store, and is to go from the copies. Must not throw. */
  readonly sweep: () => void
}

export function createLifecycle({ data, logs, start, clock, onStep, tell, sweep }: LifecycleParts): ServedLifecycle {
  let told: string | null = null
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const follow = async () => {
    const records = await data.database.logs()
    const states = JSON.stringify(records.map(({ slug, state, compromisedSince }) => [slug, state, compromisedSince]))
    const added = records.filter(({ slug }) => logs.all.every(({ identity }) => identity.slug !== slug))
    for (const record of added) {
      const log = await start(record)
      await tell()
      logs.add(log)
    }
    if (states !== told) await tell()
    told = states
  }
  return {
    follow: () => inTurn(follow),
    create: (request) =>
      inTurn(async () => {
        const record = await createLogIn(data, request, clock.now()) // 1. keys, ratchet, row
        onStep(record.slug)('created', { entries: 0, size: 0 })
        const log = await start(record) // 2. it has a checkpoint
        await tell() // 3. whoever asks can trust it, before it has an entry
        logs.add(log) // 4. and is reached
        onStep(record.slug)('opened', { entries: 0, size: 0 })
        await heard(data, clock)
        return record
      }),
    freeze: (slug) =>
      inTurn(async () => {
        if (data.shared !== null) await follow() // the one that waits may be another node's
        const log = logs.named(slug)
        checkHeir(log, logs)
        const ended = await endLog(data, log, clock)
        await tell()
        await heard(data, clock)
        return ended
      }),
    withdraw: (request) =>
      inTurn(async () => await withdrawContent(data, logs.named(request.slug), request, clock).finally(sweep)),
  }
}

/** Readers go over to the tree that waits: by then it has a checkpoint, and its witnesses know it. */
function checkHeir(log: Log, logs: Logs): void {
  const host = hostOfOrigin(log.identity.origin)
  const heir = logs.all.find((each) => hostOfOrigin(each.identity.origin) === host && logs.isWaiting(each))
  if (heir !== undefined && heir.published() === null)
    throw new TlogError('LOG_BUSY', `${heir.identity.slug}, which is to take its place, has no checkpoint yet`)
}

/** Who asks another node from now on meets what was done. */
export async function heard({ shared }: DataDirectory, clock: Clock): Promise<void> {
  if (shared !== null) await sleep(clock, HEARD_MS)
}

/** Never before its newest head: what it promised then must lie inside its life. */
export async function endLog({ database }: DataDirectory, log: Log, clock: Pick<Clock, 'now'>): Promise<Ended> {
  const { number } = recordOf(await database.logs(), log.identity.slug)
  const { size, root } = await log.freeze(async ({ time }) => {
    await database.freezeLog(number, unixMillis(Math.max(time, clock.now())))
  })
  return { size, root: hex(root) }
}
