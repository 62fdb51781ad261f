/**
 * Whether a document was in a dataset: a file that shows it, to who knows the dataset's root. That it was: the place of its line
 * in the tree by paths. That it was not: in the tree by digests, the two neighbours between which its own would stand.
 */

import { type Hash, hash, type LeafIndex, leafIndex, type TreeSize, treeSize } from '../../kernel/brand.ts'
import { concat, equal, hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type Fields, invalid, list, literal, object, type Read } from '../fields.ts'
import { type JsonObject, parseJson } from '../json.ts'
import { canonicalJson } from '../sigstore/canonical-json.ts'
import { type DatasetLine, datasetLine, datasetLineJson } from './dataset-line.ts'
import { hash32, whole } from './resource.ts'

/** A leaf of a dataset's tree, and the way from there to the root. */
export interface PlacedLine {
  readonly line: DatasetLine
  readonly index: LeafIndex
  readonly path: readonly Hash[]
}

interface InTree {
  readonly size: TreeSize
  readonly root: Hash
}

export type DatasetProof =
  /** The tree is by paths. */
  | (InTree & { readonly kind: 'included'; readonly document: PlacedLine })
  /** The tree is by digests. None: the dataset is empty. One: the first or the last. Two: next to each other. */
  | (InTree & { readonly kind: 'absent'; readonly sha256: Uint8Array; readonly neighbours: readonly PlacedLine[] })

const FORMAT = 'colophon-dataset-proof/v1'
/** Two lines, and two paths. */
export const MAX_DATASET_PROOF = 32_768
const MAX_PATH = 63

export function formatDatasetProof(proof: DatasetProof): Uint8Array {
  const common = { format: FORMAT, kind: proof.kind, treeSize: proof.size, root: hex(proof.root) }
  const told =
    proof.kind === 'included'
      ? { document: placedJson(proof.document) }
      : { sha256: hex(proof.sha256), neighbours: proof.neighbours.map(placedJson) }
  return concat(canonicalJson({ ...common, ...told }), utf8('\n'))
}

function placedJson({ line, index, path }: PlacedLine): JsonObject {
  return { line: datasetLineJson(line), index, path: path.map(hex) }
}

const node: Read<Hash> = (value, path) => hash(hash32(value, path))

const placed: Read<PlacedLine> = object((fields) => ({
  line: fields.required('line', datasetLine),
  index: fields.required('index', (value, path) => leafIndex(whole(value, path))),
  path: fields.required('path', list(node, { max: MAX_PATH })),
}))

/**
 * What it says, which is not yet that it holds: see verify/dataset.ts.
 * @throws TlogError FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID; PROOF_MALFORMED when it is too long or spelled otherwise; a JSON_ code
 */
export function parseDatasetProof(bytes: Uint8Array): DatasetProof {
  if (bytes.length > MAX_DATASET_PROOF)
    throw new TlogError('PROOF_MALFORMED', `a proof of a dataset has at most ${MAX_DATASET_PROOF} bytes`)
  const proof = object(readProof)(parseJson(bytes), '')
  if (!equal(formatDatasetProof(proof), bytes))
    throw new TlogError(
      'PROOF_MALFORMED',
      'not in the one spelling of a proof of a dataset (RFC 8785, and a line feed)',
    )
  return proof
}

function readProof(fields: Fields): DatasetProof {
  fields.required('format', literal(FORMAT))
  const kind = fields.required('kind', literal('included', 'absent'))
  const tree = {
    size: fields.required('treeSize', (value, path) => treeSize(whole(value, path))),
    root: fields.required('root', node),
  }
  if (kind === 'included') return { kind, ...tree, document: fields.required('document', placed) }
  return {
    kind,
    ...tree,
    sha256: fields.required('sha256', hash32),
    neighbours: fields.required('neighbours', (value, path) => {
      const found = list(placed, { max: 2 })(value, path)
      if (tree.size > 0 && found.length === 0) throw invalid(path, 'a dataset that is not empty has a neighbour')
      return found
    }),
  }
}
