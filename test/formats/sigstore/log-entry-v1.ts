/** The entries of recorded bundles, in the words in which a Rekor v1 log answers. */

import { readFileSync } from 'node:fs'
import { type Bundle, parseSigstoreBundle } from '../../../src/formats/sigstore/bundle.ts'
import { base64, hex } from '../../../src/kernel/bytes.ts'

const CASES = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)

export function recorded(name: string): Bundle {
  return parseSigstoreBundle(new Uint8Array(readFileSync(new URL(`${name}/bundle.sigstore.json`, CASES))))
}

export const ENTRY_ID = `108e9186e8c5677a${'ab'.repeat(32)}`

export function logEntryOf({ entries: [entry] }: Bundle): Record<string, unknown> {
  if (entry?.proof == null || entry.promise === null) throw new Error('an entry of a v1 log')
  const { proof, promise } = entry
  return {
    body: base64(entry.body),
    integratedTime: entry.integratedTime,
    logID: hex(entry.logId),
    logIndex: entry.index,
    verification: {
      inclusionProof: {
        checkpoint: proof.checkpoint,
        hashes: proof.path.map(hex),
        logIndex: proof.index,
        rootHash: hex(proof.root),
        treeSize: proof.size,
      },
      signedEntryTimestamp: base64(promise),
    },
  }
}
