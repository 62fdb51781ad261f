/** A receipt as a Rekor v2 TransparencyLogEntry. */

import { logId, parseVkey } from '../../formats/c2sp/vkey.ts'
import { formatEntryV2 } from '../../formats/sigstore/response-v2.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import type { Receipt } from '../../log/log.ts'

export type Respond = (leaf: Uint8Array, receipt: Receipt) => string

/** @param vkey of the log; its ID stands in every entry. */
export function createRespond(vkey: string): Respond {
  const { name, publicKey } = parseVkey(vkey)
  const keyId = logId(name, publicKey)
  return (leaf, receipt) =>
    formatEntryV2({
      logIndex: receipt.index,
      logId: keyId,
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      inclusionProof: {
        rootHash: receipt.root,
        treeSize: receipt.size,
        hashes: receipt.path,
        checkpoint: parseUtf8(receipt.note),
      },
      canonicalizedBody: leaf,
    })
}
