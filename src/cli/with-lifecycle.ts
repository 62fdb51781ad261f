/** What a command does to the logs of a data directory: through the server that runs there, and by itself where none does. */

import type { SigningConfig } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import { createLogIn } from '../storage/create-log.ts'
import { type DataDirectory, openDataDirectory } from '../storage/data-directory.ts'
import type { DataPlace } from '../storage/log-keys.ts'
import { remoteLifecycle } from './control.ts'
import { placeOf, recordOf, startLog } from './data.ts'
import { endLog, heard, type Lifecycle } from './lifecycle.ts'
import { withdrawContent } from './withdrawing.ts'
import { witnessesOf } from './witnessing.ts'
import type { World } from './world.ts'

/** @throws TlogError STORE_LOCKED when another process holds the directory and does not answer; what `use` throws. */
export async function withLifecycle<T>(
  config: SigningConfig,
  world: World,
  use: (lifecycle: Lifecycle, isServed: boolean) => Promise<T>,
): Promise<T> {
  const data = await openUnlessLocked(placeOf(config, world))
  if (data instanceof TlogError) return await use(remoteLifecycle(config.dir, unreachable(data)), true)
  try {
    return await use(localLifecycle(data, config, world), false)
  } finally {
    await data.close()
  }
}

async function openUnlessLocked(place: DataPlace): Promise<DataDirectory | TlogError> {
  try {
    return await openDataDirectory(place)
  } catch (error) {
    if (error instanceof TlogError && error.code === 'STORE_LOCKED') return error
    throw error
  }
}

function unreachable(locked: TlogError): (cause: unknown) => TlogError {
  return (cause) =>
    new TlogError('STORE_LOCKED', `${locked.message}. It does not answer at \`control/socket\` there either`, { cause })
}

/** Of logs that nodes share, the one that leads ends them. When none did, this process does by then. */
const LEAD_MS = 5000

/** The one log that is asked for is started as a server would, so that what is durable gets its final checkpoint. */
function localLifecycle(data: DataDirectory, config: SigningConfig, world: World): Lifecycle {
  const tell = (slug: string, error: unknown) => world.warn(`log ${slug}: ${(error as Error).message}`)
  const witnesses = witnessesOf(config, world)
  const leads = Promise.withResolvers<void>()
  const options = {
    clock: world.clock,
    witnesses,
    onStep: () => world.onStep,
    onPublishDelayed: tell,
    onFailure: tell,
    onLead: () => leads.resolve(),
  }
  const withLog = async <T>(slug: string, use: (log: Log) => Promise<T>): Promise<T> => {
    const log = await startLog(data, recordOf(await data.database.logs(), slug), options)
    const cancel = world.clock.after(LEAD_MS, leads.resolve)
    try {
      if (data.shared !== null) await leads.promise
      return await use(log)
    } finally {
      cancel()
      await log.close()
    }
  }
  return {
    create: (request) => createLogIn(data, request, world.clock.now()),
    freeze: async (slug) => {
      const ended = await withLog(slug, (log) => endLog(data, log, world.clock))
      await heard(data, world.clock)
      return ended
    },
    withdraw: (request) => withLog(request.slug, (log) => withdrawContent(data, log, request, world.clock)),
  }
}
