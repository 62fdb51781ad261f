/** What a slot holds: lines of ASCII, in which no signature of an archive's records can be. */

import { TlogError } from '../../kernel/error.ts'

/** What an archive's comment holds of it, so that llamafile still finds the archive; the same for every carrier. */
export const MAX_PAYLOAD = 65_470

/** Its lines, without their ends. @throws TlogError SLOT_MALFORMED */
export function parsePayload(payload: Uint8Array): string[] {
  if (payload.length > MAX_PAYLOAD)
    throw new TlogError('SLOT_MALFORMED', `${payload.length} bytes, of at most ${MAX_PAYLOAD}`)
  if (!isPayload(payload)) throw new TlogError('SLOT_MALFORMED', 'not lines of printable ASCII, each with its LF')
  return new TextDecoder().decode(payload).slice(0, -1).split('\n')
}

export function isPayload(payload: Uint8Array): boolean {
  const isText = payload.every((byte) => byte === 0x0a || (byte >= 0x20 && byte <= 0x7e))
  return payload.length > 1 && payload.length <= MAX_PAYLOAD && isText && payload.at(-1) === 0x0a
}

export function refused(why: string): TlogError {
  return new TlogError('SLOT_REFUSED', why)
}
