/** The data directory of a server: found as it was left, or made with first logs. */

import { contains } from '../config/overlap.ts'
import type { ServeConfig } from '../config.ts'
import { FIRST_SLUGS } from '../dialects/names.ts'
import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'
import { TlogError } from '../kernel/error.ts'
import {
  checkNoStrayRatchet,
  createDataDirectory,
  createLogIn,
  type DataDirectory,
  isUnused,
  openDataDirectory,
} from '../storage/data-directory.ts'
import { placeOf } from './data.ts'
import type { World } from './world.ts'

/** @throws TlogError as openDataDirectory does; IDENTITY_CHANGED, RATCHET_REFUSED. */
export async function openData(config: ServeConfig, world: World): Promise<DataDirectory> {
  const place = placeOf(config.data)
  const fresh = isUnused(place)
  const data = fresh ? createDataDirectory(place) : openDataDirectory(place)
  try {
    if (data.database.logs().length === 0) await createFirstLogs(data, config, world)
    checkNoStrayRatchet(data)
    checkOrigin(data, config)
    if (contains(config.data.dir, config.data.ratchetDir))
      world.warn(
        'the ratchet is in the data directory: a restored copy of both goes unnoticed. Give --ratchet a path on another filesystem',
      )
    return data
  } catch (error) {
    await data.close()
    throw error
  }
}

async function createFirstLogs(data: DataDirectory, config: ServeConfig, world: World): Promise<void> {
  for (const dialect of config.dialects) {
    const request = { slug: FIRST_SLUGS[dialect], dialect, origin: config.hostname }
    const { slug, vkey } = await createLogIn(data, request, world.clock.now())
    world.warn(`CREATED a new data directory ${config.data.dir} with the log ${slug}, whose verifier key is ${vkey}`)
  }
}

/** Clients look for the origin that the URL names; a log never changes its own. */
function checkOrigin(data: DataDirectory, { hostname, hostnameGiven }: ServeConfig): void {
  const origins = data.database.logs().map((record) => hostOfOrigin(record.origin))
  if (hostnameGiven && !origins.includes(hostname))
    throw new TlogError(
      'IDENTITY_CHANGED',
      `no log here has the origin ${hostname} (there is ${origins.join(', ')}): a log keeps its origin for life. Give it the URL it had, or run \`colophon log create\``,
    )
}
