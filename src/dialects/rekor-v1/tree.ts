/** One tree of a Rekor v1 log, as its clients know it. */

import { sha256 } from '#sha256'
import { formatNote, parseNote, uint32 } from '../../formats/c2sp/note.ts'
import { parseTreeOrigin, type TreeId } from '../../formats/sigstore/tree-id.ts'
import { parseBase64, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

export interface Tree {
  readonly host: string
  readonly treeId: TreeId
  /** Of the log's ECDSA key. */
  readonly spki: Uint8Array
  /** SHA-256 of it. */
  readonly logId: Uint8Array
}

/** @param ecdsaKey SubjectPublicKeyInfo in base64 */
export function describeTree(origin: string, ecdsaKey: string): Tree {
  const spki = parseBase64(ecdsaKey)
  return { ...parseTreeOrigin(origin), spki, logId: sha256(spki) }
}

/** Of each tree the newest: most answers show the same. */
const shown = new WeakMap<Tree, { readonly note: Uint8Array; readonly text: string }>()

/**
 * The published note with the ECDSA line alone: clients of Rekor v1 refuse a note with a line by a key that they do not
 * know, and know one.
 * @throws TlogError SIGNATURE_UNKNOWN_KEY
 */
export function checkpointFor(tree: Tree, note: Uint8Array): string {
  const held = shown.get(tree)
  if (held?.note === note) return held.text
  const text = withOwnLine(tree, note)
  shown.set(tree, { note, text })
  return text
}

function withOwnLine({ host, logId }: Tree, note: Uint8Array): string {
  const { text, signatures } = parseNote(note)
  const own = signatures.find(({ name, keyId }) => name === host && keyId === uint32(logId))
  if (own === undefined) throw new TlogError('SIGNATURE_UNKNOWN_KEY', `the checkpoint has no line by ${host}`)
  return parseUtf8(formatNote({ text, signatures: [own] }))
}
