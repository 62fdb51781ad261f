/** What follows from a leaf beside its place in the tree. */

import type { Attachment, LookupKey } from './ports.ts'

/** What a dialect can say of a leaf without its request. Throws TlogError on a leaf that is not its own. */
export interface LeafFacts {
  readonly keys: readonly LookupKey[]
  readonly attachments: readonly NamedAttachment[]
}

/** A digest in the leaf, under which content may be kept. */
export interface NamedAttachment extends Pick<Attachment, 'algorithm' | 'digest'> {
  /** The one of the leaf's lookup keys that leads from the digest to the leaf. */
  readonly key: Uint8Array
  /** What else a leaf is found by that brings the content (log/indexed.ts). Throws TlogError on content that no such leaf is made of. */
  readonly keysOf: (content: Uint8Array) => readonly LookupKey[]
  /** The payload of an in-toto statement in the content; null where it is none. Throws as keysOf does. */
  readonly statementOf: (content: Uint8Array) => Uint8Array | null
}
