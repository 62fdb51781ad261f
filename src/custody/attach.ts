/** Content that comes after its entry: taken when a leaf commits to it, and it is a statement. */

import { digest as digestOf } from '#crypto'
import { parseCustody } from '../formats/lineage/statement.ts'
import { located } from '../formats/located.ts'
import { digestKey } from '../formats/lookup-key.ts'
import type { LeafIndex } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { NamedAttachment } from '../log/facts.ts'
import type { Log } from '../log/log.ts'
import type { Attachment, DigestAlgorithm } from '../log/ports.ts'
import { commitmentOf, readLeaf } from './kept.ts'
import type { Place } from './walk.ts'

const DIGEST_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const
/** Entries under the digest that are looked at for one that commits to it: anybody may log a statement about it. */
const MAX_LOOKED_AT = 1024
const PAGE = 64

/**
 * Keeps it for the first entry of each log that commits to it. Returns where these are; what is there already stays.
 *
 * @throws TlogError FIELD_INVALID when it does not hash to the digest; NOT_FOUND when no published leaf commits to it;
 *   ENVELOPE_MALFORMED when it is no statement, or names too many artifacts; and as Log.add does
 */
export async function attach(logs: readonly Log[], attachment: Attachment): Promise<readonly Place[]> {
  const { algorithm, digest, content } = attachment
  if (!equal(digestOf(DIGEST_NAMES[algorithm], content), digest))
    throw new TlogError('FIELD_INVALID', `the content does not hash to ${algorithm}:${hex(digest)}`)
  const places: Place[] = []
  for (const log of logs) {
    const committed = await findCommitted(log, algorithm, digest)
    if (committed === null) continue
    const { leaf, named, index } = committed
    requireStatement(named, content)
    await log.add({ leaf, keys: named.keysOf(content), attachments: [attachment] }) // a repeat, with what it lacked
    places.push({ log, index })
  }
  if (places.length === 0)
    throw new TlogError('NOT_FOUND', `no entry here commits to ${algorithm}:${hex(digest)}, or not yet`)
  return places
}

interface Committed {
  readonly index: LeafIndex
  readonly leaf: Uint8Array
  readonly named: NamedAttachment
}

async function findCommitted(log: Log, algorithm: DigestAlgorithm, digest: Uint8Array): Promise<Committed | null> {
  const key = digestKey(algorithm, digest)
  let after: LeafIndex | null = null
  for (let looked = 0; looked < MAX_LOOKED_AT; looked += PAGE) {
    const page: readonly LeafIndex[] = await log.lookup(key, after, PAGE)
    for (const index of page) {
      const leaf = await readLeaf(log, index)
      const named = commitmentOf(log, leaf)
      if (named?.algorithm === algorithm && equal(named.digest, digest)) return { index, leaf, named }
    }
    if (page.length < PAGE) return null
    after = page.at(-1) ?? null
  }
  return null
}

/** @throws TlogError ENVELOPE_MALFORMED */
function requireStatement({ statementOf }: NamedAttachment, content: Uint8Array): void {
  located('ENVELOPE_MALFORMED', 'the content', () => {
    const payload = statementOf(content)
    if (payload === null)
      throw new TlogError('ENVELOPE_MALFORMED', 'by its type neither an in-toto statement nor a bill of materials')
    const { subjects } = parseCustody(payload)
    if (subjects.every(({ digests }) => digests.length === 0))
      throw new TlogError('ENVELOPE_MALFORMED', 'a statement about nothing: no subject has a digest')
  })
}
