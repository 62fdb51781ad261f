/** The signed entry timestamp of a Rekor v1 log: its promise to include an entry, with a time (sigstore/rekor, LogEntry). */

import { base64, hex } from '../../kernel/bytes.ts'
import type { BundleEntry } from './bundle-entry.ts'
import { canonicalJson } from './canonical-json.ts'

/** What a promise is about. `index` counts over all the log's trees. */
export type Promised = Pick<BundleEntry, 'body' | 'integratedTime' | 'logId' | 'index'>

/** What the log signs. */
export function promisedBytes({ body, integratedTime, logId, index }: Promised): Uint8Array {
  return canonicalJson({ body: base64(body), integratedTime, logID: hex(logId), logIndex: index })
}
