/** Hashes a file beside the page, which stays responsive; of a model with a slot, what was signed: the file without it. */

import type { DigestName } from '../../crypto/algorithms.ts'
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
}

answerWith(async ({ file, names }: HashJob, onBytes): Promise<Hashed> => {
  const slot = await findSlot(blobSource(file))
  const signed = slot === null ? file : pickBlob(file, slot.stripped)
  return { artifact: await digestBlob(signed, names, onBytes), slotBytes: slot?.payload.length ?? null }
})
