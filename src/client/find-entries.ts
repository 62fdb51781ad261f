/**
 * What the logs of a server have on a digest: a Colophon server is asked by its own API, any other as a Rekor v1 log with a
 * search index. Nothing of what comes back has been checked: not the entries, and not that there are no more.
 */

import { parseNote, uint32 } from '../formats/c2sp/note.ts'
import { invalid, list, openObject, parsed, type Read, text } from '../formats/fields.ts'
import { bodyKind } from '../formats/sigstore/body-kind.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { isEntryId, parseLogEntryV1 } from '../formats/sigstore/read-log-entry-v1.ts'
import type { TrustedLog } from '../formats/sigstore/trusted-root.ts'
import { hash, leafIndex, treeSize } from '../kernel/brand.ts'
import { hex, parseBase64, parseHex, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { type Answer, type Ask, below, readAnswer, refusal } from './ask.ts'

export interface FoundEntries {
  readonly server: 'colophon' | 'rekor'
  /** Paths on the server, in its order; a page is asked for when the one before is used up. */
  places(): AsyncGenerator<string>
  /**
   * @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED for what is no entry; LOG_NOT_TRUSTED when no known log signed
   *   its checkpoint
   */
  read(place: string): Promise<BundleEntry>
}

export interface Wanted {
  /** Of the server. */
  readonly url: string
  /** `sha256:` and hex, or sha384, sha512. */
  readonly artifact: string
  /** Those whose entries may be believed, once they are verified. */
  readonly logs: readonly TrustedLog[]
}

const OK = 200
const ABSENT = 404
const MAX_PATH = 63
const MAX_PAGE = 100
const MAX_IDS = 10_000

/** @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED when the server is neither of the two */
export async function findEntries(ask: Ask, wanted: Wanted): Promise<FoundEntries> {
  const first = await ask({ url: pageUrl(wanted, null) })
  if (first.status === ABSENT) return await findInRekor(ask, wanted)
  return {
    server: 'colophon',
    places: () => pages(ask, wanted, first),
    read: (place) => readEntry(ask, wanted, place),
  }
}

interface Place {
  readonly log: string
  readonly index: number
}

function pageUrl({ url, artifact }: Wanted, after: Place | null): string {
  const path = `/artifacts/${artifact}`
  return below(url, after === null ? path : `${path}?after=${after.log}:${after.index}`)
}

/** The next page is asked for by the last entry of this one, never by a link of the server's. */
async function* pages(ask: Ask, wanted: Wanted, first: Answer): AsyncGenerator<string> {
  for (let at = pageUrl(wanted, null), answer = first; ; answer = await ask({ url: at })) {
    if (answer.status !== OK) throw refusal(at, answer)
    const { entries, isLast } = readAnswer(at, answer, (json) => page(json, ''))
    for (const { log, index } of entries) yield `/logs/${log}/entries/${index}`
    const last = entries.at(-1)
    if (isLast || last === undefined) return
    at = pageUrl(wanted, last)
  }
}

async function readEntry(ask: Ask, { url, logs }: Wanted, place: string): Promise<BundleEntry> {
  const at = below(url, place)
  const answer = await ask({ url: at })
  if (answer.status !== OK) throw refusal(at, answer)
  const { index, body, proof } = readAnswer(at, answer, (json) => entry(json, ''))
  const { kind, version } = bodyKind(body)
  const logId = idOfSigner(proof.checkpoint, logs)
  return { index, logId, kind, version, integratedTime: 0, promise: null, proof: { index, ...proof }, body }
}

/** An ID begins with what the log's line on a note is found by. Whether the line is good is for the verifier. */
function idOfSigner(note: string, logs: readonly TrustedLog[]): Uint8Array {
  const lines = new Set(parseNote(utf8(note)).signatures.map(({ keyId }) => keyId))
  const log = logs.find(({ logId }) => lines.has(uint32(logId)))
  if (log === undefined) throw new TlogError('LOG_NOT_TRUSTED', 'no log of the trusted root signed the checkpoint')
  return log.logId
}

async function findInRekor(ask: Ask, { url, artifact }: Wanted): Promise<FoundEntries> {
  const at = below(url, '/api/v1/index/retrieve')
  const answer = await ask({ url: at, body: JSON.stringify({ hash: artifact }), type: 'application/json' })
  if (answer.status !== OK) throw refusal(at, answer)
  const ids = new Set(readAnswer(at, answer, (json) => entryIds(json, '')))
  return {
    server: 'rekor',
    places: async function* () {
      for (const id of ids) yield `/api/v1/log/entries/${id}`
    },
    read: (place) => readRekorEntry(ask, url, place),
  }
}

async function readRekorEntry(ask: Ask, url: string, place: string): Promise<BundleEntry> {
  const at = below(url, place)
  const answer = await ask({ url: at })
  if (answer.status !== OK) throw refusal(at, answer)
  const found = readAnswer(at, answer, parseLogEntryV1)
  if (!place.endsWith(hex(leafHash(found.body)))) throw new TlogError('SERVICE_REFUSED', `${at}: it is another entry`)
  return found
}

const SLUG = /^[a-z0-9][a-z0-9-]{0,31}$/

const slug: Read<string> = (value, path) => {
  const name = text(value, path)
  if (!SLUG.test(name)) throw invalid(path, 'not the name of a log')
  return name
}
const count: Read<number> = (value, path) => {
  if (typeof value !== 'number') throw invalid(path, 'a number was expected')
  return value
}
const hashHex = parsed((digits) => hash(parseHex(digits)))
const entryId: Read<string> = (value, path) => {
  const id = text(value, path)
  if (!isEntryId(id)) throw invalid(path, 'not the ID of an entry')
  return id
}
const entryIds = list(entryId, { max: MAX_IDS })

const placed: Read<Place> = openObject((fields) => ({
  log: fields.required('log', slug),
  index: leafIndex(fields.required('index', count)),
}))
const page = openObject((fields) => ({
  entries: fields.required('entries', list(placed, { max: MAX_PAGE })),
  isLast: fields.optional('next', text) === undefined,
}))
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
}))
