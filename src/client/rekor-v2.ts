/** Writing to a Rekor v2 log. */

import { located } from '../formats/located.ts'
import { formatBodyV2 } from '../formats/sigstore/body-v2.ts'
import { type BundleEntry, bundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { formatRequestV2, type RequestV2 } from '../formats/sigstore/request-v2.ts'
import { leafIndex } from '../kernel/brand.ts'
import { parseDecimal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Answer, type Ask, bearer, below, readAnswer, refusal } from './ask.ts'
import type { Loggable } from './loggable.ts'
import { fetchProof, fileReader } from './tiles.ts'

const CREATED = 201
const EXISTS = 409
/** The log does not take envelopes, or not one of this size: it may take a digest. */
const NO_ENVELOPES = new Set([400, 413, 422])

export interface LogV2 {
  readonly url: string
  /** What the log asks of those who write; null: nothing. */
  readonly token: string | null
  /** The log's ID; null when nobody told. Only an entry that is there already asks for it. */
  readonly id: Uint8Array | null
}

/**
 * The entry with its proof; nothing of it has been checked. A statement goes as a whole first: a log may keep it beside the
 * digest that it enters. Rekor's own takes the digest alone.
 *
 * @throws TlogError SERVICE_REFUSED; SERVICE_UNREACHABLE; ENTRY_EXISTS when it was logged before and cannot be fetched
 */
export async function submitV2(ask: Ask, log: LogV2, signed: Loggable): Promise<BundleEntry> {
  const { digest, signature, envelope } = signed
  const verifier = { keyDetails: signed.algorithm.keyDetails, material: signed.verifier }
  if (envelope !== null) {
    const whole = { ...envelope, signatures: [{ sig: signature, keyid: '' }] }
    const answer = await post(ask, log, { kind: 'dsse', envelope: whole, verifiers: [verifier] })
    const entry = NO_ENVELOPES.has(answer.status) ? null : await entryOf(ask, log, signed, answer)
    if (entry?.kind === 'hashedrekord') return entry // an older log enters what no verifier of today can read
  }
  return await entryOf(ask, log, signed, await post(ask, log, { kind: 'hashedrekord', digest, signature, verifier }))
}

const PATH = '/api/v2/log/entries'

function post(ask: Ask, { url, token }: LogV2, request: RequestV2): Promise<Answer> {
  return ask({
    url: below(url, PATH),
    body: formatRequestV2(request),
    type: 'application/json',
    headers: bearer(token),
  })
}

async function entryOf(ask: Ask, log: LogV2, signed: Loggable, answer: Answer): Promise<BundleEntry> {
  const url = below(log.url, PATH)
  if (answer.status === CREATED) return readAnswer(url, answer, (json) => bundleEntry(json, ''))
  const index = answer.status === EXISTS ? answer.header('x-log-index') : null
  if (index === null) throw refusal(url, answer, log.token)
  return await fetchEntry(ask, log, signed, index)
}

/** What a log answers a repeat with is an index alone: the proof is made of its tiles. */
async function fetchEntry(ask: Ask, log: LogV2, signed: Loggable, position: string): Promise<BundleEntry> {
  const index = located('SERVICE_REFUSED', `${log.url}: x-log-index`, () => leafIndex(parseDecimal(position)))
  if (log.id === null) throw exists(log, index, 'its proof needs a trusted root that names the log')
  try {
    const proof = await fetchProof(fileReader(ask, below(log.url, '/api/v2'), log.token), index)
    const { algorithm, digest, signature, verifier } = signed
    const material = { keyDetails: algorithm.keyDetails, material: verifier }
    const body = formatBodyV2({ algorithm: algorithm.digest, digest, signature, verifier: material })
    const kind = { kind: 'hashedrekord', version: '0.0.2', integratedTime: 0, promise: null }
    return { index, logId: log.id, ...kind, proof, body }
  } catch (error) {
    if (error instanceof TlogError) throw exists(log, index, error.message)
    throw error
  }
}

function exists({ url }: LogV2, index: number, why: string): TlogError {
  return new TlogError('ENTRY_EXISTS', `${url}: logged before, as entry ${index}, but ${why}`)
}
