/** What a log keeps of the statement behind an entry: found by its leaf, read from its attachment. */

import { factsOf } from '../dialects/facts.ts'
import { type CustodyStatement, parseCustody } from '../formats/lineage/statement.ts'
import type { LeafIndex } from '../kernel/brand.ts'
import { hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { NamedAttachment } from '../log/facts.ts'
import type { Log } from '../log/log.ts'

export interface KeptStatement {
  /** `sha256:` and hex, or another algorithm: under which the content is kept. */
  readonly attachment: string
  readonly payload: Uint8Array
  readonly statement: CustodyStatement
  /** In bytes: what reading it cost. */
  readonly contentLength: number
}

/** Content that an entry's leaf commits to. Null: the leaf is none of the dialect, or commits to nothing. */
export function commitmentOf(log: Log, leaf: Uint8Array): NamedAttachment | null {
  try {
    return factsOf(log.identity.dialect)(leaf).attachments[0] ?? null
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** Null where there is no statement, or it is not kept. @throws TlogError STORE_CORRUPT */
export async function readStatement(log: Log, leaf: Uint8Array): Promise<KeptStatement | null> {
  const named = commitmentOf(log, leaf)
  const content = named === null ? null : await log.attachment(named.algorithm, named.digest)
  if (named === null || content === null) return null
  try {
    const payload = named.statementOf(content)
    if (payload === null) return null
    const attachment = `${named.algorithm}:${hex(named.digest)}`
    return { attachment, payload, statement: parseCustody(payload), contentLength: content.length }
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** @throws TlogError STORE_CORRUPT */
export async function readLeaf(log: Log, index: LeafIndex): Promise<Uint8Array> {
  const leaf = await log.entry(index)
  if (leaf === null) throw new TlogError('STORE_CORRUPT', `leaf ${index} is missing`)
  return leaf
}
