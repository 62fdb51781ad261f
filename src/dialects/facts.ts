/** What can be said of a leaf without its request, in whichever dialect it is. */

import type { LeafFacts } from '../log/facts.ts'
import { factsOfLeaf as rekorV1 } from './rekor-v1/keys.ts'
import { factsOfLeaf as rekorV2 } from './rekor-v2/keys.ts'

/** @throws TlogError from what it returns, on a leaf that is not of the dialect. */
export function factsOf(dialect: string): (leaf: Uint8Array) => LeafFacts {
  return dialect === 'rekor-v1' ? rekorV1 : rekorV2
}
