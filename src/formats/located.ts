/** What the errors of a part are to the whole: its own errors, or nothing. */

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

/** What `read` returns; null where it throws a TlogError. */
export function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}
