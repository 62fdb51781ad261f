/** Entries as servers show them: by Colophon's own API, as a Rekor v1 log, out of tiles. Nothing of them has been checked. */

import { list, openObject, parsed, type Read, text } from '../formats/fields.ts'
import { bodyKind } from '../formats/sigstore/body-kind.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { parseLogEntryV1 } from '../formats/sigstore/read-log-entry-v1.ts'
import { hash, type LeafIndex, leafIndex, treeSize } from '../kernel/brand.ts'
import { hex, parseBase64, parseHex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { type Answer, type Ask, below, readAnswer, refusal } from './ask.ts'
import { count } from './fields.ts'
import { fetchLeaf, fetchProof, type ReadFile } from './tiles.ts'

/** With a checkpoint, and with the log's ID where the server says it: else the checkpoint's signatures do. */
export type FetchedEntry = Omit<BundleEntry, 'logId'> & { readonly logId: Uint8Array | null }

const OK = 200
const ABSENT = 404
const MAX_PATH = 63

/** @param place `/logs/{log}/entries/{index}`. @throws TlogError NOT_FOUND, SERVICE_REFUSED, SERVICE_UNREACHABLE */
export async function fetchColophonEntry(ask: Ask, url: string, place: string): Promise<FetchedEntry> {
  const at = below(url, place)
  const { index, body, proof, promise } = readAnswer(at, await present(ask, at), (json) => entry(json, ''))
  if (!place.endsWith(`/${index}`)) throw new TlogError('SERVICE_REFUSED', `${at}: it is entry ${index}`)
  const { kind, version } = bodyKind(body)
  return { ...(promise ?? unpromised(index)), logId: null, kind, version, proof: { index, ...proof }, body }
}

/** @param place `/api/v1/log/entries/ID`, or by `?logIndex=`. @throws as fetchColophonEntry does */
export async function fetchRekorEntry(ask: Ask, url: string, place: string): Promise<BundleEntry> {
  const at = below(url, place)
  const found = readAnswer(at, await present(ask, at), parseLogEntryV1)
  const [, leaf] = /\/[0-9a-f]*([0-9a-f]{64})$/.exec(place) ?? []
  const isAnother = leaf === undefined ? !place.endsWith(`=${found.index}`) : leaf !== hex(leafHash(found.body))
  if (isAnother) throw new TlogError('SERVICE_REFUSED', `${at}: it is another entry`)
  return found
}

/** @throws as fetchColophonEntry does; TILE_MALFORMED, BUNDLE_MALFORMED, PROOF_INVALID, ENTRY_MALFORMED */
export async function fetchTiledEntry(read: ReadFile, index: LeafIndex): Promise<FetchedEntry> {
  const proof = await fetchProof(read, index)
  const body = await fetchLeaf(read, index, proof.size)
  const { kind, version } = bodyKind(body)
  return { ...unpromised(index), logId: null, kind, version, proof, body }
}

function unpromised(index: LeafIndex): Pick<BundleEntry, 'index' | 'integratedTime' | 'promise'> {
  return { index, integratedTime: 0, promise: null }
}

async function present(ask: Ask, url: string): Promise<Answer> {
  const answer = await ask({ url })
  if (answer.status === ABSENT) throw new TlogError('NOT_FOUND', `${url}: there is no such entry, or not yet`)
  if (answer.status !== OK) throw refusal(url, answer)
  return answer
}

const hashHex: Read<ReturnType<typeof hash>> = parsed((digits) => hash(parseHex(digits)))
const entry = openObject((fields) => ({
  index: leafIndex(fields.required('index', count)),
  body: fields.required('leaf', parsed(parseBase64)),
  proof: fields.required(
    'proof',
    openObject((proof) => ({
      size: treeSize(proof.required('size', count)),
      root: proof.required('root', hashHex),
      path: proof.required('path', list(hashHex, { max: MAX_PATH })),
      checkpoint: proof.required('checkpoint', text),
    })),
  ),
  promise: fields.optional(
    'promise',
    openObject((promise) => ({
      index: leafIndex(promise.required('logIndex', count)),
      integratedTime: treeSize(promise.required('integratedTime', count)),
      promise: promise.required('signedEntryTimestamp', parsed(parseBase64)),
    })),
  ),
}))
