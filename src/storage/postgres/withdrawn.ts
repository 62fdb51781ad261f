/** Content that was taken back is passed over. It is rare: the database refuses it, and is asked only then which it was. */

import { TlogError } from '../../kernel/error.ts'
import type { Attachment, ContentName } from '../../log/ports.ts'
import { contentKey } from './pack.ts'
import type { Server } from './server.ts'

/** Runs `write`, again with what the database refused. Nothing of a refused one was kept. */
export async function passingOver(
  { query }: Server,
  bringing: readonly { readonly attachments: readonly Attachment[] }[],
  write: (isWithdrawn: (name: ContentName) => boolean) => Promise<void>,
): Promise<void> {
  const known = new Set<string>()
  for (;;)
    try {
      return await write((name) => known.has(contentKey(name)))
    } catch (error) {
      const before = known.size
      if (!(error instanceof TlogError && error.code === 'ATTACHMENT_WITHDRAWN')) throw error
      for (const name of await withdrawnOf(query, bringing)) known.add(contentKey(name))
      if (known.size === before) throw error
    }
}

async function withdrawnOf(
  query: Server['query'],
  bringing: readonly { readonly attachments: readonly ContentName[] }[],
): Promise<ContentName[]> {
  const names = bringing.flatMap(({ attachments }) => attachments)
  const text = `SELECT algorithm, digest FROM colophon.withdrawal
    JOIN unnest($1::text[], $2::bytea[]) AS brought (algorithm, digest) USING (algorithm, digest)`
  return await query<ContentName>(text, [names.map(({ algorithm }) => algorithm), names.map(({ digest }) => digest)])
}
