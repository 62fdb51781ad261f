/** The document in question: a file, or its digest. */

import { statSync } from 'node:fs'
import { digestFile } from '../../files/digest-file.ts'
import { parseHex } from '../../kernel/bytes.ts'
import { bytesBar } from '../verify/subject.ts'
import type { World } from '../world.ts'

export type Document = { readonly name: string } & (
  | { readonly kind: 'file' }
  | { readonly kind: 'digest'; readonly sha256: Uint8Array }
)

/** @throws Error for the person who typed it */
export function parseDocument(word: string | undefined): Document {
  if (word === undefined || word === '') throw new Error('a FILE or sha256:HEX is missing: the document in question')
  const stat = statSync(word, { throwIfNoEntry: false })
  if (!word.startsWith('sha256:')) {
    if (stat?.isFile() !== true) throw new Error(`${word} is no file`)
    return { kind: 'file', name: word }
  }
  if (stat !== undefined) throw new Error(`${word} is a digest, and a file is called so: write ./${word} for the file`)
  const digits = word.slice(7)
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new Error('sha256: takes 64 lowercase hex digits')
  return { kind: 'digest', name: word, sha256: parseHex(digits) }
}

/** @throws the system's error when the file cannot be read */
export async function digestOfDocument(document: Document, world: World): Promise<Uint8Array> {
  if (document.kind === 'digest') return document.sha256
  const digests = await digestFile(document.name, new Set(['SHA2_256']), bytesBar(document.name, world))
  return digests.get('SHA2_256') as Uint8Array
}
