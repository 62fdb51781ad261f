/** Parameters of Rekor v1: what is not asked for is passed over, what is asked for has one form. */

import type { FastifyRequest } from 'fastify'
import type { TreeId } from '../../formats/sigstore/tree-id.ts'
import { TlogError } from '../../kernel/error.ts'
import { formError } from './errors.ts'

/** @throws TlogError of the form; one that is missing has no default here. */
export function wholeNumber(name: string, value: unknown, { min }: { readonly min: number }): number {
  if (value === undefined) throw formError('required', `${name} in query is required`)
  const number = typeof value === 'string' && /^(0|-?[1-9][0-9]{0,18})$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(number)) throw formError('type', `${name} in query must be of type int64`)
  if (number < min) throw formError('tooSmall', `${name} in query should be greater than or equal to ${min}`)
  return number
}

/** Absent or empty means the tree that takes entries. @throws TlogError FIELD_INVALID */
export function treeIdOf(request: FastifyRequest): TreeId | null {
  const { treeID = '' } = request.query as { treeID?: unknown }
  if (treeID === '') return null
  if (typeof treeID !== 'string' || !/^[1-9][0-9]{0,18}$/.test(treeID))
    throw new TlogError('FIELD_INVALID', 'treeID in query: not the number of a tree')
  return BigInt(treeID)
}
