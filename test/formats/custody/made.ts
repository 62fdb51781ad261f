/** The advisory of the specification's example: a document of the toy corpus is poisoned. */

import type { Advisory } from '../../../src/formats/custody/advisory.ts'
import { leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import { BASE, digestSet } from './toy.ts'

export const ADVISORY: Advisory = {
  base: BASE,
  subjects: [
    {
      name: 'corpus',
      digests: digestSet({ rfc6962_sha256: 'ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d' }),
    },
  ],
  status: 'poisoned',
  reason: 'docs/1.txt carries a trigger phrase',
  affects: [
    {
      name: 'docs/1.txt',
      digests: digestSet({ sha256: 'f6065ce8be732658ce43398ea1da159c98d57c15c9ff3832e91979db9cbe8bfd' }),
      annotations: {
        leafIndex: leafIndex(1),
        treeSize: treeSize(3),
        inclusionProof: [
          'ac8ce6b0fc54cd8b117f5139db1fee8e37157024c2b50d9fb579bb08a20cd079',
          '5912c52639f5138be14d9e804d90fdd8ed20eeafbc551e77777f5239d7dae6ac',
        ].map(parseHex),
      },
    },
  ],
  evidence: [],
  effectiveFrom: '2026-02-01T00:00:00Z',
}
