/**
 * Hashes a file beside the page, which stays responsive; of a model with a slot, what was signed: the file without it. And reads
 * of a model what no signature over it reaches.
 */

import type { DigestName } from '../../crypto/algorithms.ts'
import { type ModelLimits, readModelLimits } from '../../formats/model/limits.ts'
import { findSlot } from '../../formats/model/slot.ts'
import type { Artifact } from '../../verify/index.ts'
import { blobSource, pickBlob } from '../browser/blob-source.ts'
import { digestBlob } from '../browser/digest-blob.ts'
import { answerWith } from './worker.ts'

export interface HashJob {
  readonly file: Blob
  readonly names: ReadonlySet<DigestName>
}

export interface Hashed {
  readonly artifact: Artifact
  /** Bytes that were left out; null where there is no slot. */
  readonly slotBytes: number | null
  /** Null: no model. */
  readonly limits: ModelLimits | null
}

answerWith(async ({ file, names }: HashJob, onBytes): Promise<Hashed> => {
  const source = blobSource(file)
  const slot = await findSlot(source)
  const signed = slot === null ? file : pickBlob(file, slot.stripped)
  const artifact = await digestBlob(signed, names, onBytes)
  return { artifact, slotBytes: slot?.payload.length ?? null, limits: await readModelLimits(source) }
})
