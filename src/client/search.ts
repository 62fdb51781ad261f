/** Entries by digest, name or key: of a Colophon in pages, of a Rekor v1 log in the one answer it gives. Nothing has been checked. */

import { type EntryQuery, formatEntryQuery } from '../formats/entry-query.ts'
import { list, openObject, parsed } from '../formats/fields.ts'
import { type LeafIndex, leafIndex } from '../kernel/brand.ts'
import { parseHex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ask, below, readAnswer, refusal } from './ask.ts'
import { count, slug } from './fields.ts'
import { entryIds } from './find-entries.ts'

export interface Hit {
  /** What the server calls it: `LOG:INDEX`, or an entry's ID. */
  readonly name: string
  /** Of the entry, below the server's URL. */
  readonly place: string
  /** Hex, as the server says. */
  readonly leaf: string
}

export interface Hits {
  /** How many there are. */
  readonly count: number
  /** In the server's order; a page is held at a time. */
  hits(): AsyncGenerator<Hit>
}

const OK = 200
/** Entries in one page of ours. */
const MAX_PAGE = 1000

/** @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE */
export async function searchColophon(ask: Ask, url: string, query: EntryQuery, limit: number): Promise<Hits> {
  const said = formatEntryQuery(query)
  const at = below(url, `/entries/count?${said}`)
  const answer = await ask({ url: at })
  if (answer.status !== OK) throw refusal(at, answer)
  const total = readAnswer(at, answer, (json) => counted(json, ''))
  return { count: total, hits: () => hitsOf(ask, url, query, limit) }
}

/** They are not counted before. @param limit of a page. @throws as searchColophon does */
export function hitsOf(ask: Ask, url: string, query: EntryQuery, limit: number): AsyncGenerator<Hit> {
  const said = formatEntryQuery(query)
  return pages(ask, (after) => {
    const from = after === null ? '' : `&after=${after.log}:${after.index}`
    return below(url, `/entries?${said}${from}&limit=${Math.min(limit, MAX_PAGE)}`)
  })
}

interface Cursor {
  readonly log: string
  readonly index: LeafIndex
}

/** Of the link to the next page the place alone is taken, which must lie behind the one before. */
async function* pages(ask: Ask, pageUrl: (after: Cursor | null) => string): AsyncGenerator<Hit> {
  const left = new Set<string>()
  for (let after: Cursor | null = null; ; ) {
    const at = pageUrl(after)
    const answer = await ask({ url: at })
    if (answer.status !== OK) throw refusal(at, answer)
    const { entries, next } = readAnswer(at, answer, (json) => page(json, ''))
    for (const { log, index, leaf } of entries)
      yield { name: `${log}:${index}`, place: `/logs/${log}/entries/${index}`, leaf }
    if (next === undefined) return
    if (after !== null && next.log !== after.log) left.add(after.log)
    const goesOn = next.log === after?.log ? next.index > after.index : !left.has(next.log)
    if (!goesOn) throw new TlogError('SERVICE_REFUSED', `${at}: its next page lies behind this one`)
    after = next
  }
}

/** @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE */
export async function searchRekor(ask: Ask, url: string, query: RekorQuery): Promise<Hits> {
  const at = below(url, '/api/v1/index/retrieve')
  const answer = await ask({ url: at, body: JSON.stringify(query), type: 'application/json' })
  if (answer.status !== OK) throw refusal(at, answer)
  const ids = new Set(readAnswer(at, answer, (json) => entryIds(json, '')))
  return {
    count: ids.size,
    async *hits() {
      for (const id of ids) yield { name: id, place: `/api/v1/log/entries/${id}`, leaf: id.slice(-64) }
    },
  }
}

/** As Rekor spells it (openapi.yaml, SearchIndex). */
export interface RekorQuery {
  readonly hash?: string | undefined
  readonly email?: string | undefined
  readonly subject?: string | undefined
  /** Base64 of its PEM. */
  readonly publicKey?: { readonly format: 'x509'; readonly content: string } | undefined
  readonly operator: 'and' | 'or'
}

const counted = openObject((fields) => fields.required('count', count))

const leafHex = parsed((digits) => {
  if (parseHex(digits).length !== 32) throw new TlogError('HASH_MALFORMED', 'not a hash')
  return digits
})

/** Of a path of ours the part that matters. */
const cursor = parsed((path): Cursor => {
  const [, log = '', index = ''] = /&after=([a-z0-9][a-z0-9-]{0,31}):(\d{1,16})&/.exec(path) ?? []
  if (log === '') throw new TlogError('FIELD_INVALID', 'it says no place')
  return { log, index: leafIndex(Number(index)) }
})

const page = openObject((fields) => ({
  entries: fields.required(
    'entries',
    list(
      openObject((hit) => ({
        log: hit.required('log', slug),
        index: leafIndex(hit.required('index', count)),
        leaf: hit.required('leafHash', leafHex),
      })),
      { max: MAX_PAGE },
    ),
  ),
  next: fields.optional('next', cursor),
}))
