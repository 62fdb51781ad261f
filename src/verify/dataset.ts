/** Whether a document was in a dataset whose root the caller knows, by a proof of anybody's. */

import { datasetLeaf } from '../formats/custody/dataset-line.ts'
import type { DatasetProof, PlacedLine } from '../formats/custody/dataset-proof.ts'
import type { Hash, TreeSize } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT } from '../kernel/hash.ts'
import { verifyInclusion } from '../kernel/proof.ts'

/** As a statement about it has them. */
export interface DatasetRoots {
  readonly size: TreeSize
  /** Of the tree by paths, and by digests; null: not known. */
  readonly byPath: Hash | null
  readonly byDigest: Hash | null
}

/**
 * Null: the document was not in it, as far as the dataset's producer sorted the tree by digests as it must be; whoever has the
 * manifest can check that.
 *
 * @param sha256 of the document
 * @returns its line
 * @throws TlogError PROOF_INVALID; ARTIFACT_MISMATCH when the proof is about another document; CHECK_UNAVAILABLE when the root that
 *   it is about is not known
 */
export function verifyDatasetProof(proof: DatasetProof, sha256: Uint8Array, roots: DatasetRoots): PlacedLine | null {
  const isIncluded = proof.kind === 'included'
  const root = isIncluded ? roots.byPath : roots.byDigest
  if (root === null)
    throw new TlogError('CHECK_UNAVAILABLE', `the root of the tree by ${isIncluded ? 'paths' : 'digests'} is not known`)
  if (!equal(isIncluded ? proof.document.line.sha256 : proof.sha256, sha256))
    throw new TlogError('ARTIFACT_MISMATCH', `the proof is not about the document ${hex(sha256)}`)
  if (proof.size !== roots.size || !equal(proof.root, root))
    throw new TlogError('PROOF_INVALID', `the proof is for another dataset, of ${proof.size} documents`)
  if (isIncluded) {
    verifyPlace(proof.document, proof)
    return proof.document
  }
  verifyGap(proof)
  return null
}

function verifyPlace({ line, index, path }: PlacedLine, tree: Pick<DatasetProof, 'size' | 'root'>): void {
  verifyInclusion(datasetLeaf(line), index, tree, path)
}

function verifyGap(proof: Extract<DatasetProof, { kind: 'absent' }>): void {
  const { sha256, neighbours, size, root } = proof
  const [first, second] = neighbours
  if (first === undefined) {
    if (size !== 0 || !equal(root, EMPTY_ROOT)) throw invalid('no neighbours, and the dataset is not empty')
    return
  }
  for (const neighbour of neighbours) verifyPlace(neighbour, proof)
  const side = compareDigests(first.line.sha256, sha256)
  if (side === 0) throw invalid('a neighbour is the document itself')
  if (second === undefined) {
    if (side > 0 ? first.index !== 0 : first.index !== size - 1) throw invalid('one neighbour, which is at neither end')
    return
  }
  if (side > 0 || compareDigests(second.line.sha256, sha256) <= 0) throw invalid('the neighbours are on one side of it')
  if (second.index !== first.index + 1) throw invalid('the neighbours are not next to each other')
}

/** By their bytes. */
export function compareDigests(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number)
}

function invalid(why: string): TlogError {
  return new TlogError('PROOF_INVALID', why)
}
