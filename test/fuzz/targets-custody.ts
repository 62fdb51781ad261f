/** Statements of custody. */

import { formatAdvisory, parseAdvisory } from '../../src/formats/custody/advisory.ts'
import { formatCorroboration, parseCorroboration } from '../../src/formats/custody/corroboration.ts'
import { formatProvenance, parseProvenance } from '../../src/formats/custody/provenance.ts'
import { ADVISORY } from '../formats/custody/made.ts'
import { toyChain } from '../formats/custody/toy.ts'
import { oneSpelling, type Target } from './oracle.ts'

const { dataset, base, finetune, quantize, fuse, svr } = toyChain()

export const CUSTODY: readonly Target[] = [
  {
    name: 'provenance',
    seeds: () => [dataset, base, finetune, quantize, fuse],
    run: oneSpelling(parseProvenance, formatProvenance),
  },
  { name: 'advisory', seeds: () => [formatAdvisory(ADVISORY)], run: oneSpelling(parseAdvisory, formatAdvisory) },
  { name: 'corroboration', seeds: () => [svr], run: oneSpelling(parseCorroboration, formatCorroboration) },
]
