/** A witness's key. */

import { witnessKey } from '../verify/support.ts'

export const W = witnessKey('witness.example/w', 3)
