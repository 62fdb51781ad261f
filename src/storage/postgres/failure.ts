/** What PostgreSQL and the way to it say, in our words. */

import pg from 'pg'
import { ERROR_CODES, type ErrorCode, TlogError } from '../../kernel/error.ts'

/** Of what our own functions refuse: see migrations/postgres. */
const REFUSED = 'COLOP'

/** Connections, resources, locks, an operator at work, a replica; a password or a right that is wanting. */
const UNAVAILABLE = /^(08|28|40|53|55|57)|^(25006|42501)$/

/**
 * A refusal of our own functions comes back as the TlogError it names. STORE_FULL: nothing was kept. STORE_UNAVAILABLE: the
 * server, or the way to it, is in no state to answer, and what was under way is unknown. STORE_CORRUPT: it says that its files
 * are damaged. A broken constraint is a bug of ours: it comes back as it is.
 *
 * @param where the server, in words that hold no password
 */
export function storeError(error: unknown, where: string): unknown {
  if (error instanceof TlogError) return error
  if (!(error instanceof pg.DatabaseError))
    return unavailable(where, error instanceof Error ? error.message : String(error), error)
  const { code = '', message } = error
  if (code === REFUSED) return refusal(message, error)
  if (code === '53100')
    return new TlogError('STORE_FULL', `${where}: no room left; nothing of this was kept. Free some space`, {
      cause: error,
    })
  if (code === '3D000') return new TlogError('STORE_MISSING', `${where}: ${message}`, { cause: error })
  if (/^XX|^58/.test(code))
    return new TlogError(
      'STORE_CORRUPT',
      `${where}: ${message} (${code}). What reached the disk is unknown: stop, and look at the server's own log`,
      { cause: error },
    )
  return UNAVAILABLE.test(code) ? unavailable(where, `${message} (${code})`, error) : error
}

function unavailable(where: string, what: string, cause: unknown): TlogError {
  return new TlogError('STORE_UNAVAILABLE', `${where}: ${what}`, { cause })
}

/** `CODE: words`. */
function refusal(message: string, cause: unknown): unknown {
  const [code, ...words] = message.split(': ')
  return isCode(code) ? new TlogError(code, words.join(': '), { cause }) : cause
}

function isCode(code: string | undefined): code is ErrorCode {
  return (ERROR_CODES as readonly (string | undefined)[]).includes(code)
}
