/** What an S3 API says in XML: why it refuses, and which keys there are. */

import { TlogError } from '../../kernel/error.ts'
import { orNull } from '../located.ts'
import { childText, parseXml } from './xml.ts'

export interface Listing {
  /** Ascending, as the store gives them. */
  readonly keys: readonly string[]
  /** Where the next part begins; null: that was all. */
  readonly next: string | null
}

/**
 * The code of an `<Error>`, which alone is fit for a message: beside it stand key IDs and what was signed.
 * Null where the body is anything else.
 */
export function parseErrorCode(bytes: Uint8Array): string | null {
  return orNull(() => {
    const root = parseXml(bytes)
    const code = root.name === 'Error' ? childText(root, 'Code') : null
    return code !== null && /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : null
  })
}

/** The answer to ListObjectsV2. @throws TlogError FIELD_INVALID, UTF8_MALFORMED */
export function parseListing(bytes: Uint8Array): Listing {
  const root = parseXml(bytes)
  if (root.name !== 'ListBucketResult') throw malformed(`<${root.name.slice(0, 40)}> is no listing`)
  const keys = root.children.filter(({ name }) => name === 'Contents').map((each) => childText(each, 'Key'))
  if (!keys.every((key) => key !== null)) throw malformed('an object without a key')
  const isTruncated = childText(root, 'IsTruncated')
  if (isTruncated !== 'true' && isTruncated !== 'false') throw malformed('whether it is whole is not said')
  if (isTruncated === 'false') return { keys, next: null }
  const next = childText(root, 'NextContinuationToken')
  if (next === null || next === '') throw malformed('there is more, and no way to it')
  return { keys, next }
}

function malformed(why: string): TlogError {
  return new TlogError('FIELD_INVALID', `listing: ${why}`)
}
