/** Errors as Rekor v1 answers them: `{code, message}`, 422 with a code of go-openapi where a request has not the form it must have. */

import { TlogError } from '../../kernel/error.ts'
import type { Dress } from '../errors.ts'
import { STATUS } from '../errors.ts'

/** go-openapi's codes of what can be wrong with a value. */
export const FORM = {
  type: 601,
  required: 602,
  tooLong: 603,
  tooShort: 604,
  pattern: 605,
  enum: 606,
  tooSmall: 609,
  tooMany: 611,
  tooFew: 612,
  /** Of entries: what Rekor itself says, without a code of go-openapi. */
  kind: 422,
} as const

class FormFault {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
}

/** A request whose form is wrong before anything in it is looked at. */
export function formError(fault: keyof typeof FORM, message: string): TlogError {
  return new TlogError('FIELD_INVALID', message, { cause: new FormFault(FORM[fault]) })
}

export const REKOR_V1_DRESS: Dress = {
  status(error, request) {
    if (error.cause instanceof FormFault) return 422
    const writes = request.routeOptions.config.writesTo !== undefined
    return error.code === 'LOG_FROZEN' && writes ? 405 : STATUS[error.code]
  },
  body(status, error) {
    const code = error?.cause instanceof FormFault ? error.cause.code : status
    return JSON.stringify({ code, message: error?.message ?? 'internal error' })
  },
}

/** What is wrong inside a proposed entry is told as its clients know it. */
export async function processing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TlogError) || STATUS[error.code] !== 400 || error.cause instanceof FormFault) throw error
    throw new TlogError(error.code, `error processing entry: ${error.message}`, { cause: error })
  }
}
