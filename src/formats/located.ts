/** Errors of a part told as errors of the whole. */

import { type ErrorCode, TlogError } from '../kernel/error.ts'

/** What `read` returns; a TlogError out of it is thrown anew as `code`, with the place in front of its message. */
export function located<T>(code: ErrorCode, place: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof TlogError) throw new TlogError(code, `${place}: ${error.message}`, { cause: error })
    throw error
  }
}
