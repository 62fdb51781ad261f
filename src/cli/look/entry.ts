/** An entry, measured by what is trusted: that a log has it, whatever it is about. */

import type { FetchedEntry } from '../../client/fetch-entry.ts'
import { hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import { verifyInclusion } from '../../kernel/proof.ts'
import { receive } from '../../verify/checkpoint.ts'
import { type StatedLogs, verifyStatedEntry } from '../../verify/stated-logs.ts'
import type { VerdictInclusion } from '../../verify/verdict.ts'

export interface SeenEntry {
  readonly kind: string
  /** Over all the log's trees, as the server says. */
  readonly index: number
  readonly leaf: string
  readonly inclusion: VerdictInclusion
  /** Milliseconds since 1970, by the log's promise; null where none was verified. */
  readonly promised: number | null
  readonly body: Uint8Array
}

/** With nobody to trust, that its numbers fit each other. @throws TlogError as verifyStatedEntry does */
export async function measure(entry: FetchedEntry, logs: StatedLogs | null): Promise<SeenEntry> {
  const { kind, version, index, body } = entry
  const { checkpoint, promised, ...placed } = logs === null ? added(entry) : await verifyStatedEntry(entry, logs)
  const { origin, size, root } = checkpoint
  const inclusion = { origin, index: placed.index, size, root: hex(root), cosigners: checkpoint.cosigners }
  return { kind: `${kind} ${version}`, index, leaf: hex(placed.leaf), inclusion, promised, body }
}

function added({ body, proof }: FetchedEntry) {
  if (proof === null || proof.checkpoint === null) throw new TlogError('PROOF_INVALID', 'no proof under a checkpoint')
  const { checkpoint } = receive(utf8(proof.checkpoint))
  const leaf = leafHash(body)
  verifyInclusion(leaf, proof.index, checkpoint, proof.path)
  return { leaf, index: proof.index, checkpoint: { ...checkpoint, cosigners: [] }, promised: null }
}
