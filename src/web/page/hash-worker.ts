/** Hashes a file beside the page, which stays responsive. */

import type { DigestName } from '../../crypto/algorithms.ts'
import { digestBlob } from '../browser/digest-blob.ts'
import { answerWith } from './worker.ts'

export interface HashJob {
  readonly file: Blob
  readonly names: ReadonlySet<DigestName>
}

answerWith(({ file, names }: HashJob, onBytes) => digestBlob(file, names, onBytes))
