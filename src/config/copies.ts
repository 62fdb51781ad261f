/** Static copies: where they may be, and what may be in them alone. */

import { STORE_VARIABLES } from './object-store.ts'
import { describePlace, type ObjectPlace, type Place, placeAt, placesOverlap } from './place.ts'
import type { Problems } from './problems.ts'
import type { Environment, Sources } from './sources.ts'

interface DataPlaces {
  readonly dir: string
  readonly ratchet: Place
}

/** The world sees a copy: neither keys nor the database may lie in it, and who may write it may not reach the ratchet. */
export function copyPlace(
  text: string,
  who: string,
  { dir, ratchet }: DataPlaces,
  { env, problems }: { readonly env: Environment; readonly problems: Problems },
): Place {
  const place = placeAt(text, env, 'copies', problems)
  for (const other of [{ kind: 'directory' as const, dir }, ratchet])
    if (placesOverlap(place, other)) problems.note(who, `overlaps with ${describePlace(other)}`)
  if (place.kind === 'objects' && ratchet.kind === 'objects' && sharesKey(place, ratchet))
    problems.note(
      STORE_VARIABLES.ratchet.accessKeyId,
      `is ${STORE_VARIABLES.copies.accessKeyId} too: whoever may write the copies could then set the ratchet back`,
    )
  return place
}

function sharesKey({ access: a }: ObjectPlace, { access: b }: ObjectPlace): boolean {
  return a.accessKeyId !== '' && a.accessKeyId === b.accessKeyId
}

/** What leaves one store must be in another that all nodes reach. */
export function keptOf(sources: Sources, hasDatabase: boolean, publish: Place | null): number | null {
  const kept = sources.value('keep-entries')
  if (kept === 'all') return null
  if (!hasDatabase || publish?.kind !== 'objects')
    sources.problems.note(
      sources.said('keep-entries')?.place ?? '',
      'entries leave PostgreSQL (--database) for an object store (--publish s3://BUCKET/PREFIX), and one of them is not said',
    )
  return kept
}
