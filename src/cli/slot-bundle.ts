/** Whether a bundle is about a file, as far as it says so itself. */

import type { Bundle } from '../formats/sigstore/bundle.ts'
import { parseStatement } from '../formats/sigstore/statement.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'

/** @param digest SHA-256 of the file @throws TlogError SLOT_REFUSED when it names others alone */
export function requireAbout({ content }: Bundle, digest: Uint8Array, path: string): void {
  const named =
    content.kind === 'envelope'
      ? parseStatement(content.payload).subjects.flatMap(({ digests }) => digests.get('sha256') ?? [])
      : content.digest?.algorithm === 'SHA2_256'
        ? [content.digest.bytes]
        : []
  // A signature by a longer hash says nothing of this one.
  if (content.kind === 'message' && named.length === 0) return
  if (!named.some((each) => equal(each, digest)))
    throw new TlogError('SLOT_REFUSED', `the bundle is about another file than ${path}`)
}
