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
import { refuseWithdrawn } from './withdrawn.ts'

const DIGEST_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const
/** Entries under the digest that are looked at for one that commits to it: anybody may log a statement about it. */
const MAX_LOOKED_AT = 1024
const PAGE = 64

/**
 * Keeps it for the first entry of each of these logs that commits to it. Returns where these are; what is there already stays,
 * and a frozen log has what it had.
 *
 * @throws TlogError FIELD_INVALID when it does not hash to the digest; NOT_FOUND when no published leaf commits to it;
 *   ENVELOPE_MALFORMED when it is no statement, or names too many artifacts; ATTACHMENT_WITHDRAWN; LOG_FROZEN when only
 *   frozen logs commit to it; and as Log.add does
 */
export async function attach(logs: readonly Log[], attachment: Attachment): Promise<readonly Place[]> {
  const { algorithm, digest, content } = attachment
  if (!equal(digestOf(DIGEST_NAMES[algorithm], content), digest))
    throw new TlogError('FIELD_INVALID', `the content does not hash to ${algorithm}:${hex(digest)}`)
  await refuseWithdrawn(logs, attachment)
  const places: Place[] = []
  let refusal: TlogError | null = null // by one log: others may have committed to it as something else
  for (const log of logs) {
    const committed = await findCommitted(log, algorithm, digest)
    if (committed === null) continue
    try {
      await bring(log, committed, attachment)
      places.push({ log, index: committed.index })
    } catch (error) {
      if (!(error instanceof TlogError) || !NOT_HERE.has(error.code)) throw error
      refusal ??= error
    }
  }
  const name = `${algorithm}:${hex(digest)}`
  if (places.length === 0)
    throw refusal ?? new TlogError('NOT_FOUND', `no entry that you may add to commits to ${name}, or not yet`)
  await refuseWithdrawn(logs, attachment) // meanwhile: then nothing was kept
  return places
}

const NOT_HERE: ReadonlySet<string> = new Set(['ENVELOPE_MALFORMED', 'LOG_FROZEN'])

/** As a repeat of its entry, with what that lacked. A frozen log has what it had. */
async function bring(log: Log, { leaf, named }: Committed, attachment: Attachment): Promise<void> {
  const { algorithm, digest, content } = attachment
  requireStatement(named, content)
  if (log.status().frozen && (await log.attachment(algorithm, digest)) !== null) return
  await log.add({ leaf, keys: named.keysOf(content), attachments: [attachment] })
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
