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

/**
 * The published note with the ECDSA line alone: clients of Rekor v1 refuse a note with a line by a key that they do not
 * know, and know one.
 * @throws TlogError SIGNATURE_UNKNOWN_KEY
 */
export function checkpointFor({ host, logId }: Tree, note: Uint8Array): string {
  const { text, signatures } = parseNote(note)
  const own = signatures.find(({ name, keyId }) => name === host && keyId === uint32(logId))
  if (own === undefined) throw new TlogError('SIGNATURE_UNKNOWN_KEY', `the checkpoint has no line by ${host}`)
  return parseUtf8(formatNote({ text, signatures: [own] }))
}
