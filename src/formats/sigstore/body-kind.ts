/** What kind of entry a leaf of a Rekor log is; the body itself is for the reader of its kind. */

import { TlogError } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../json.ts'
import { located } from '../located.ts'

export interface BodyKind {
  /** Such as `hashedrekord`. */
  readonly kind: string
  /** Such as `0.0.2`. */
  readonly version: string
}

const NAME = /^[a-z0-9.]{1,32}$/

/** @throws TlogError ENTRY_MALFORMED */
export function bodyKind(leaf: Uint8Array): BodyKind {
  const body = located('ENTRY_MALFORMED', 'not the body of an entry', () => parseJson(leaf))
  const { kind, apiVersion: version } = isJsonObject(body) ? body : {}
  if (typeof kind !== 'string' || typeof version !== 'string' || !NAME.test(kind) || !NAME.test(version))
    throw new TlogError('ENTRY_MALFORMED', 'not the body of an entry: no kind and apiVersion')
  return { kind, version }
}
