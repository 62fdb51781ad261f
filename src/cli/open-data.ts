/** The data directory of a server: found as it was left, or made with first logs. */

import { contains } from '../config/overlap.ts'
import type { ServeConfig } from '../config.ts'
import { FIRST_SLUGS } from '../dialects/names.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import { createLogIn } from '../storage/create-log.ts'
import {
  checkNoStrayRatchet,
  createDataDirectory,
  type DataDirectory,
  isNew,
  openDataDirectory,
} from '../storage/data-directory.ts'
import { placeOf } from './data.ts'
import type { World } from './world.ts'

/**
 * Runs `use` with it, and closes it. What was made for a first start that fails before `use` calls `shown` is taken back: else
 * the next one would find a log with the origin, and the keys, of a configuration that may have been the mistake.
 *
 * @throws TlogError as openDataDirectory does; IDENTITY_CHANGED, RATCHET_REFUSED; what `use` throws.
 */
export async function withData<T>(
  config: ServeConfig,
  world: World,
  use: (data: DataDirectory, shown: () => void) => Promise<T>,
): Promise<T> {
  const place = placeOf(config.data, world)
  let isOurs = await isNew(place)
  const data = await (isOurs ? createDataDirectory(place) : openDataDirectory(place))
  try {
    await prepare(data, config, world)
    return await use(data, () => {
      isOurs = false
    })
  } catch (error) {
    if (isOurs) await takeBack(data, world)
    throw error
  } finally {
    await data.close()
  }
}

/** Whatever becomes of it: why the start failed is what must be told last. */
async function takeBack(data: DataDirectory, world: World): Promise<void> {
  try {
    await data.discard()
  } catch (error) {
    world.warn(`the first start failed, and what it had made stays in ${data.place.dir}: ${(error as Error).message}`)
    return
  }
  world.warn(
    `the first start failed: what it had made in ${data.place.dir} is REMOVED again, and nobody has seen its key`,
  )
}

async function prepare(data: DataDirectory, config: ServeConfig, world: World): Promise<void> {
  if ((await data.database.logs()).length === 0) await createFirstLogs(data, config, world)
  for (const stray of await checkNoStrayRatchet(data)) world.warn(stray)
  await checkOrigin(data, config)
  const { dir, ratchet } = config.data
  if (ratchet.kind === 'directory' && contains(dir, ratchet.dir))
    world.warn(
      'the ratchet is in the data directory: a restored copy of both goes unnoticed. Give --ratchet a path on another filesystem',
    )
}

async function createFirstLogs(data: DataDirectory, config: ServeConfig, world: World): Promise<void> {
  for (const dialect of config.dialects) {
    const request = { slug: FIRST_SLUGS[dialect], dialect, origin: config.hostname }
    const { slug, vkey } = await createLogIn(data, request, world.clock.now())
    const there = config.data.database === null ? '' : ` in ${config.data.database.url}`
    world.warn(
      `CREATED a new data directory ${config.data.dir} with the log ${slug}${there}, whose verifier key is ${vkey}`,
    )
  }
}

/** Clients look for the origin that the URL names; a log never changes its own. */
async function checkOrigin(data: DataDirectory, { hostname, hostnameGiven }: ServeConfig): Promise<void> {
  const origins = (await data.database.logs()).map((record) => hostOfOrigin(record.origin))
  if (hostnameGiven && !origins.includes(hostname))
    throw new TlogError(
      'IDENTITY_CHANGED',
      `no log here has the origin ${hostname} (there is ${origins.join(', ')}): a log keeps its origin for life. Give it the URL it had, or run \`colophon log create\``,
    )
}
