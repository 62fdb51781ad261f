/** What stands behind the places of a configuration. */

import { join } from 'node:path'
import { describePlace, type Place } from '../config/place.ts'
import { below } from '../formats/s3/location.ts'
import type { ReadResource } from '../log/copy.ts'
import type { OpenedTarget } from '../log/export.ts'
import { openExportDirectory, readDirectory } from '../storage/export-directory.ts'
import { type Ratchets, ratchetDirectory } from '../storage/ratchets.ts'
import { openExportBucket, readBucket } from '../storage/s3/export-bucket.ts'
import { ratchetObjects } from '../storage/s3/ratchets.ts'
import type { World } from './world.ts'

type Outside = Pick<World, 'clock' | 'random'>

/** @param warn told of what the store cannot do */
export async function openCopy(
  place: Place,
  slug: string,
  { clock, random }: Outside,
  warn: (why: string) => void,
): Promise<OpenedTarget> {
  if (place.kind === 'directory') return await openExportDirectory(join(place.dir, slug))
  const { location, access } = place
  return await openExportBucket({ location: below(location, slug), access, clock, random, onUnguarded: warn })
}

/** @param slug null: a copy of one log, right there */
export function readCopy(place: Place, slug: string | null, { clock, random }: Outside): ReadResource {
  if (place.kind === 'directory') return readDirectory(slug === null ? place.dir : join(place.dir, slug))
  const location = slug === null ? place.location : below(place.location, slug)
  return readBucket({ location, access: place.access, clock, random })
}

export function ratchetsAt(place: Place, { clock, random }: Outside): Ratchets {
  if (place.kind === 'directory') return ratchetDirectory(place.dir)
  return ratchetObjects({ location: place.location, access: place.access, clock, random })
}

export { describePlace, type Place }
