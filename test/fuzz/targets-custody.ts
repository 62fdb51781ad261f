/** Statements of custody, manifests of datasets and what they show. */

import { readFileSync } from 'node:fs'
import { paeKeys } from '../../src/dialects/rekor-v2/keys.ts'
import { formatAdvisory, parseAdvisory } from '../../src/formats/custody/advisory.ts'
import { formatCorroboration, parseCorroboration } from '../../src/formats/custody/corroboration.ts'
import { formatDatasetLine, parseDatasetLine } from '../../src/formats/custody/dataset-line.ts'
import { type DatasetProof, formatDatasetProof, parseDatasetProof } from '../../src/formats/custody/dataset-proof.ts'
import { formatProvenance, parseProvenance } from '../../src/formats/custody/provenance.ts'
import { parseJson } from '../../src/formats/json.ts'
import { MAX_STATEMENT_DIGESTS } from '../../src/formats/lineage/bound.ts'
import { documentOf } from '../../src/formats/lineage/content.ts'
import { parseCustody as parseLineage } from '../../src/formats/lineage/statement.ts'
import { pae } from '../../src/formats/sigstore/dsse.ts'
import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { ADVISORY } from '../formats/custody/made.ts'
import { toyChain } from '../formats/custody/toy.ts'
import { oneSpelling, surely, type Target } from './oracle.ts'

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

const VECTORS = new URL('../vectors/custody/', import.meta.url)
const HASH = { alg: 'SHA-256', content: '0a'.repeat(32) }
const VERIFIED = { verifiedUsing: [{ algorithm: 'sha256', hashValue: '0b'.repeat(32) }] }
const PART = { type: 'machine-learning-model', hashes: [HASH], pedigree: { ancestors: [{ hashes: [HASH] }] } }
/** Bills by themselves. */
const BILLS = [
  {
    bomFormat: 'CycloneDX',
    metadata: { component: PART },
    components: [{ 'bom-ref': 'd', type: 'data', hashes: [HASH] }],
  },
  { bomFormat: 'CycloneDX', components: [{ ...PART, modelCard: { modelParameters: { datasets: [{ ref: 'd' }] } } }] },
  {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      { type: 'Bom', rootElement: ['m'] },
      { spdxId: 'm', ...VERIFIED },
      { spdxId: 'd', ...VERIFIED },
      { relationshipType: 'trainedOn', from: 'm', to: ['d'] },
      { relationshipType: 'hasDistributionArtifact', from: 'm', to: ['d'] },
    ],
  },
].map((bill) => utf8(JSON.stringify(bill)))
const STATED = ['fuse', 'oms', 'svr'].map((name) => new Uint8Array(readFileSync(new URL(`stmt-${name}.json`, VECTORS))))
const DIGEST = /^[\w.-]{1,64}:([0-9a-f]{2}){1,64}$/

/** What a server shows of it is what a client takes, whatever it was made of; and it is bounded. */
function describable(payload: Uint8Array): void {
  const { subjects, dependencies, parts, ...said } = parseLineage(payload)
  const listed = [...subjects, ...dependencies, ...parts]
  if (listed.length > MAX_STATEMENT_DIGESTS) throw new Error('more than is looked at')
  const wrong = listed.flatMap(({ digests }) => digests).find((digest) => !DIGEST.test(digest))
  if (wrong !== undefined) throw new Error(`no digest: ${wrong}`)
  surely(() => parseJson(utf8(JSON.stringify({ listed, said, completeness: [...said.completeness] }))))
  surely(() => paeKeys(pae('application/vnd.in-toto+json', payload)))
}

export const CUSTODY: readonly Target[] = [
  { name: 'lineage', seeds: () => [...STATED, ...BILLS], run: describable },
  {
    name: 'lineage-content',
    seeds: () => [...BILLS, ...BILLS.map((bill) => pae('application/vnd.cyclonedx+json; version=1.7', bill))],
    run(content) {
      const keys = surely(() => paeKeys(content))
      const document = surely(() => documentOf(content))
      if (
        document !== null &&
        keys.length === 0 &&
        parseLineage(document).subjects.some(({ digests }) => digests.length > 0)
      )
        throw new Error('a bill that nobody finds')
    },
  },
  {
    name: 'provenance',
    seeds: () => [
      ...[dataset, base, finetune, quantize, fuse],
      ...[dataset, fuse].map((one) => formatProvenance({ ...parseProvenance(one), form: 'internal' })),
    ],
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
