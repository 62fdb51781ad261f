/**
 * What the logs of a server have on a digest: a Colophon server is asked by its own API, any other as a Rekor v1 log with a
 * search index. Nothing of what comes back has been checked: not the entries, and not that there are no more.
 */

import { invalid, list, openObject, type Read, text } from '../formats/fields.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { isEntryId } from '../formats/sigstore/read-log-entry-v1.ts'
import type { TrustedLog } from '../formats/sigstore/trusted-root.ts'
import { leafIndex } from '../kernel/brand.ts'
import { findSigner } from '../verify/rekor-log.ts'
import { type Answer, type Ask, below, readAnswer, refusal } from './ask.ts'
import { fetchColophonEntry, fetchRekorEntry } from './fetch-entry.ts'
import { count, slug } from './fields.ts'

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
const MAX_PAGE = 100
/** What an answer holds. */
const MAX_IDS = 50_000

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
  const entry = await fetchColophonEntry(ask, url, place)
  return { ...entry, logId: findSigner(logs, entry.proof?.checkpoint ?? '').logId }
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
    read: (place) => fetchRekorEntry(ask, url, place),
  }
}

const entryId: Read<string> = (value, path) => {
  const id = text(value, path)
  if (!isEntryId(id)) throw invalid(path, 'not the ID of an entry')
  return id
}
/** Of a Rekor v1 log, which has no pages. */
export const entryIds = list(entryId, { max: MAX_IDS })

const placed: Read<Place> = openObject((fields) => ({
  log: fields.required('log', slug),
  index: leafIndex(fields.required('index', count)),
}))
const page = openObject((fields) => ({
  entries: fields.required('entries', list(placed, { max: MAX_PAGE })),
  isLast: fields.optional('next', text) === undefined,
}))
