/** Content that the operator took back: which entry says so. */

import type { UnixMillis } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'
import type { ContentName } from '../log/ports.ts'
import type { Place } from './walk.ts'

export interface WithdrawnAt extends Place {
  readonly time: UnixMillis
}

/** Null: it was not. */
export async function withdrawnIn(logs: readonly Log[], name: ContentName): Promise<WithdrawnAt | null> {
  for (const log of logs) {
    const place = await log.withdrawn(name)
    if (place !== null) return { log, ...place }
  }
  return null
}

/** @throws TlogError ATTACHMENT_WITHDRAWN, with what the entry is that says so */
export async function refuseWithdrawn(logs: readonly Log[], name: ContentName): Promise<void> {
  const found = await withdrawnIn(logs, name)
  if (found === null) return
  const { entry, time } = describeWithdrawn(found)
  throw new TlogError(
    'ATTACHMENT_WITHDRAWN',
    `${name.algorithm}:${hex(name.digest)} was withdrawn by the operator of this server at ${time}: ${entry} says so`,
    { metadata: { entry, time } },
  )
}

/** By the path of the entry, which has the proof. */
export function describeWithdrawn({ log, index, time }: WithdrawnAt): {
  readonly entry: string
  readonly time: string
} {
  return { entry: `/logs/${log.identity.slug}/entries/${index}`, time: new Date(time).toISOString() }
}
