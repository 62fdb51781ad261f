/** Statements of custody, manifests of datasets and what they show. */

import { formatAdvisory, parseAdvisory } from '../../src/formats/custody/advisory.ts'
import { formatCorroboration, parseCorroboration } from '../../src/formats/custody/corroboration.ts'
import { formatDatasetLine, parseDatasetLine } from '../../src/formats/custody/dataset-line.ts'
import { type DatasetProof, formatDatasetProof, parseDatasetProof } from '../../src/formats/custody/dataset-proof.ts'
import { formatProvenance, parseProvenance } from '../../src/formats/custody/provenance.ts'
import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { ADVISORY } from '../formats/custody/made.ts'
import { toyChain } from '../formats/custody/toy.ts'
import { oneSpelling, type Target } from './oracle.ts'

const { dataset, base, finetune, quantize, fuse, svr } = toyChain()

const LINE = { path: 'docs/1.txt', sha256: new Uint8Array(32).fill(1), size: 11, salt: null }
const SALTED = { ...LINE, salt: new Uint8Array(32).fill(2) }
const ROOT = leafHash(new Uint8Array())
const placed = (index: number) => ({ line: LINE, index: leafIndex(index), path: [ROOT, ROOT] })
const PROOFS: readonly DatasetProof[] = [
  { kind: 'included', size: treeSize(3), root: ROOT, document: { ...placed(1), line: SALTED } },
  { kind: 'absent', size: treeSize(3), root: ROOT, sha256: LINE.sha256, neighbours: [placed(0), placed(1)] },
  { kind: 'absent', size: treeSize(0), root: ROOT, sha256: LINE.sha256, neighbours: [] },
]

export const CUSTODY: readonly Target[] = [
  {
    name: 'provenance',
    seeds: () => [dataset, base, finetune, quantize, fuse],
    run: oneSpelling(parseProvenance, formatProvenance),
  },
  { name: 'advisory', seeds: () => [formatAdvisory(ADVISORY)], run: oneSpelling(parseAdvisory, formatAdvisory) },
  { name: 'corroboration', seeds: () => [svr], run: oneSpelling(parseCorroboration, formatCorroboration) },
  {
    name: 'dataset-line',
    seeds: () => [LINE, SALTED].map(formatDatasetLine),
    run: oneSpelling(parseDatasetLine, formatDatasetLine),
  },
  {
    name: 'dataset-proof',
    seeds: () => PROOFS.map(formatDatasetProof),
    run: oneSpelling(parseDatasetProof, formatDatasetProof),
  },
]
