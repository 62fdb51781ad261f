/** Writing to a Rekor v1 log. */

import type { DigestName } from '../crypto/algorithms.ts'
import type { Digest } from '../formats/sigstore/body-v1.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { formatDsseProposal, formatHashedRekordProposal } from '../formats/sigstore/format-proposal-v1.ts'
import { isEntryId, parseLogEntryV1 } from '../formats/sigstore/read-log-entry-v1.ts'
import { TlogError } from '../kernel/error.ts'
import { type Answer, type Ask, bearer, below, readAnswer, refusal } from './ask.ts'
import type { Loggable } from './loggable.ts'

const PATH = '/api/v1/log/entries'
const CREATED = 201
const OK = 200
const EXISTS = 409

const NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const satisfies Record<
  DigestName,
  Digest['algorithm']
>

export interface LogV1 {
  readonly url: string
  /** What the log asks of those who write; null: nothing. */
  readonly token: string | null
}

/**
 * The entry with promise and proof, also when it was logged before; nothing of it has been checked.
 * @throws TlogError SERVICE_REFUSED; SERVICE_UNREACHABLE
 */
export async function submitV1(ask: Ask, { url, token }: LogV1, signed: Loggable): Promise<BundleEntry> {
  const place = below(url, PATH)
  const answer = await ask({ url: place, body: proposalOf(signed), type: 'application/json', headers: bearer(token) })
  if (answer.status === CREATED || answer.status === OK) return readAnswer(place, answer, parseLogEntryV1)
  if (answer.status !== EXISTS) throw refusal(place, answer, token)
  const known = `${place}/${idOf(place, answer)}`
  const found = await ask({ url: known, headers: bearer(token) })
  if (found.status !== OK) throw refusal(known, found, token)
  return readAnswer(known, found, parseLogEntryV1)
}

function proposalOf({ algorithm, digest, signature, verifier, envelope }: Loggable): string {
  if (envelope !== null)
    return formatDsseProposal({ ...envelope, signatures: [{ sig: signature, keyid: '' }] }, verifier)
  return formatHashedRekordProposal({ algorithm: NAMES[algorithm.digest], bytes: digest }, signature, verifier)
}

/** Only the ID is taken from the log's words; where it is asked is the caller's to say. */
function idOf(place: string, answer: Answer): string {
  const id = answer.header('location')?.split('/').at(-1) ?? ''
  if (!isEntryId(id)) throw new TlogError('SERVICE_REFUSED', `${place}: logged before, and the log does not say where`)
  return id
}
