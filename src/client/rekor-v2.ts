/** Writing to a Rekor v2 log. */

import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import { located } from '../formats/located.ts'
import { formatBodyV2 } from '../formats/sigstore/body-v2.ts'
import { type BundleEntry, type BundleProof, bundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { formatRequestV2, type RequestV2 } from '../formats/sigstore/request-v2.ts'
import { authenticTiles } from '../kernel/authentic.ts'
import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { parseDecimal, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { proveInclusion } from '../kernel/proof.ts'
import { type ReadTile, readFromTiles, TILE_WIDTH, tilePath } from '../kernel/tile.ts'
import { type Answer, type Ask, bearer, below, readAnswer, refusal } from './ask.ts'
import type { Loggable } from './loggable.ts'

const HASH_BYTES = 32
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
    const proof = await fetchProof(fileReader(ask, log), index)
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

type ReadFile = (path: string) => Promise<Uint8Array | null>

function fileReader(ask: Ask, { url, token }: LogV2): ReadFile {
  return async (path) => {
    const place = below(url, `/api/v2/${path}`)
    const answer = await ask({ url: place, headers: bearer(token) })
    if (answer.status === 404) return null
    if (answer.status !== 200) throw refusal(place, answer, token)
    return answer.bytes
  }
}

/** Under the newest checkpoint. A partial tile may be gone once the full one is there. */
async function fetchProof(read: ReadFile, index: LeafIndex): Promise<BundleProof> {
  const note = await read('checkpoint')
  if (note === null) throw new TlogError('SERVICE_REFUSED', 'it shows no checkpoint')
  const { size, root } = parseCheckpoint(parseNote(note).text)
  const readTile: ReadTile = async (level, at, width) => {
    const bytes = await read(tilePath({ level, index: at, width }))
    if (bytes !== null || width === TILE_WIDTH) return bytes
    return (await read(tilePath({ level, index: at, width: TILE_WIDTH })))?.slice(0, width * HASH_BYTES) ?? null
  }
  const path = await proveInclusion(index, size, readFromTiles(authenticTiles({ size, root }, readTile), size))
  return { index, root, size, path, checkpoint: parseUtf8(note) }
}
