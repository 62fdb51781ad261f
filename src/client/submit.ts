/** Requests to witnesses over HTTP. What comes back is not trusted: size and time are bounded, redirects are not followed. */

import { TlogError } from '../kernel/error.ts'
import type { Submit } from './add-checkpoint.ts'
import { readBody, reasonOf, type Timers } from './ask.ts'

/** Whoever takes longer is asked again with the next checkpoint: a writer waits for 4 s at most. */
const ANSWER_MS = 2000
/** Cosignature lines of a few keys, of which ML-DSA-44 has 3.3 KiB each. */
const MAX_BYTES = 64 * 1024

/** Connections are kept open between requests. */
export function createSubmit(timers: Pick<Timers, 'after'>): Submit {
  return async (prefix, body) => {
    const control = new AbortController()
    const cancel = timers.after(ANSWER_MS, () => control.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)))
    try {
      const response = await fetch(`${prefix.replace(/\/+$/, '')}/add-checkpoint`, {
        method: 'POST',
        redirect: 'manual',
        signal: control.signal,
        headers: { 'content-type': 'application/octet-stream' },
        body: Uint8Array.from(body),
      })
      return { status: response.status, body: await readBody(response, MAX_BYTES) }
    } catch (error) {
      throw new TlogError('SERVICE_UNREACHABLE', `${prefix}: ${reasonOf(error)}`, { cause: error })
    } finally {
      cancel()
    }
  }
}
