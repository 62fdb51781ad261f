/** When those who sign a tree say that they did: a witness's cosignature, or a log's own line with a time. */

import { KEY_TYPE, type Vkey } from '../formats/c2sp/vkey.ts'
import type { Found } from '../formats/evidence.ts'
import { receive, type VerifiedCheckpoint } from '../verify/checkpoint.ts'
import { openLine } from '../verify/note-line.ts'
import type { StatedLogs } from '../verify/stated-logs.ts'

/** Seconds since 1970. */
export interface Dated {
  readonly signer: Vkey
  readonly time: number
}

/** By the signers that are stated. @throws TlogError SIGNATURE_INVALID, CHECK_UNAVAILABLE */
export async function datesOf(note: Uint8Array, { policy, mlDsa44 }: StatedLogs): Promise<readonly Dated[]> {
  const received = receive(note)
  const logs = (policy?.logs ?? []).filter(({ vkey }) => vkey.type === KEY_TYPE.mlDsa44)
  const dates: Dated[] = []
  for (const { vkey } of [...logs, ...(policy?.witnesses ?? [])]) {
    const line = await openLine(vkey, received, mlDsa44)
    if (line !== null && line.time !== null && line.time > 0) dates.push({ signer: vkey, time: line.time })
  }
  return dates
}

/** Of each signer, that the larger tree is the later one. @returns the first one who says otherwise */
export async function misdated(
  a: VerifiedCheckpoint,
  b: VerifiedCheckpoint,
  logs: StatedLogs,
): Promise<Extract<Found, { kind: 'time' }> | null> {
  if (a.size === b.size) return null
  const [smaller, larger] = a.size < b.size ? [a, b] : [b, a]
  const before = await datesOf(smaller.note, logs)
  for (const { signer, time } of await datesOf(larger.note, logs)) {
    const other = before.find((date) => date.signer.keyId === signer.keyId && date.signer.name === signer.name)
    if (other !== undefined && other.time > time)
      return { kind: 'time', first: smaller.note, second: larger.note, signer }
  }
  return null
}
