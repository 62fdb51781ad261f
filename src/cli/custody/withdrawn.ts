/** Whether the operator of a log did take content back, as its server says: the log's own key must have signed that, in that log. */

import { type Ask, below } from '../../client/ask.ts'
import { fetchAttachment } from '../../client/custody.ts'
import { fetchColophonEntry } from '../../client/fetch-entry.ts'
import { factsOf } from '../../dialects/facts.ts'
import { readWithdrawal } from '../../dialects/withdrawals.ts'
import { orNull } from '../../formats/located.ts'
import type { BundleEntry } from '../../formats/sigstore/bundle-entry.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { nameOf } from '../../log/indexed.ts'
import { verifyEnvelope } from '../../verify/bundle.ts'
import { isV2 } from '../../verify/logged-body.ts'
import { bundleOfStatement, signaturesIn } from '../../verify/logged-signature.ts'
import { findLog, findSigner } from '../../verify/rekor-log.ts'
import { type PlacedEntry, verifyStatedEntry } from '../../verify/stated-logs.ts'
import type { Trust } from '../../verify/trust.ts'

interface Asked {
  readonly ask: Ask
  readonly url: string
  readonly trust: Omit<Trust, 'signer'>
}

/** By the operator's word. */
export interface Withdrawal extends Pick<PlacedEntry, 'checkpoint'> {
  /** Of the entry that says so. */
  readonly by: string
  readonly reason: string
  readonly since: string
}

/**
 * @param by place of the entry that says so
 * @throws TlogError SERVICE_REFUSED when it does not say that, or not of this content; as the verification of an entry and of a
 *   bundle does
 */
export async function openWithdrawal({ ask, url, trust }: Asked, by: string, attachment: string): Promise<Withdrawal> {
  const { root, policy, abilities } = trust
  const fetched = await fetchColophonEntry(ask, url, by)
  const { trusted, key } = findLog(root, findSigner(root.tlogs, fetched.proof?.checkpoint ?? '').logId)
  const entry = { ...fetched, logId: trusted.logId }
  const { checkpoint } = await verifyStatedEntry(entry, { root, policy, mlDsa44: abilities.mlDsa44 })
  const dialect = dialectOf(entry)
  const own = signaturesIn(entry).find(({ verifier }) => equal(verifier.rawBytes, key.der))
  for (const { algorithm, digest } of factsOf(dialect)(entry.body).attachments) {
    const content = await fetchAttachment(ask, url, nameOf({ algorithm, digest }))
    const told = content === null ? null : readWithdrawal(dialect, key.der)(entry.body, content)
    if (own === undefined || content === null || told === null || nameOf(told) !== attachment) continue
    await verifyEnvelope(bundleOfStatement(entry, content, own), { ...trust, signer: { kind: 'key', key } })
    return { by, reason: told.reason, since: told.effectiveFrom, checkpoint }
  }
  throw new TlogError(
    'SERVICE_REFUSED',
    `${below(url, by)}: nor does the log say there that it took ${attachment} back`,
  )
}

/**
 * What an entry that was found by a digest commits to, where that is something else than what has the digest. Content is null where the
 * server does not show it. @throws TlogError as fetchColophonEntry does
 */
export async function fetchCommitted(
  { ask, url }: Pick<Asked, 'ask' | 'url'>,
  place: string,
  foundBy: string,
): Promise<{ readonly attachment: string; readonly content: Uint8Array | null } | null> {
  const entry = await fetchColophonEntry(ask, url, place)
  const [named] = orNull(() => factsOf(dialectOf(entry))(entry.body).attachments) ?? []
  const attachment = named === undefined ? foundBy : nameOf(named)
  return attachment === foundBy ? null : { attachment, content: await fetchAttachment(ask, url, attachment) }
}

/** @throws TlogError SERVICE_REFUSED unless it is what the leaf of the entry commits to */
export function requireAttachment(entry: BundleEntry, attachment: string): void {
  const committed = orNull(() => factsOf(dialectOf(entry))(entry.body).attachments) ?? []
  if (!committed.some(({ algorithm, digest }) => nameOf({ algorithm, digest }) === attachment))
    throw new TlogError('SERVICE_REFUSED', `the server shows ${attachment}, to which the entry does not commit`)
}

function dialectOf(entry: Omit<BundleEntry, 'logId'>): string {
  return isV2(entry) ? 'rekor-v2' : 'rekor-v1'
}
