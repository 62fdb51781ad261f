/** Entries of a server by whatever names them, as the server shows them. */

import { type Ask, below, readAnswer, refusal } from '../../client/ask.ts'
import { type FetchedEntry, fetchColophonEntry, fetchRekorEntry, fetchTiledEntry } from '../../client/fetch-entry.ts'
import { count } from '../../client/fields.ts'
import { findEntries } from '../../client/find-entries.ts'
import { type LogServer, openLogServer } from '../../client/log-server.ts'
import { openObject } from '../../formats/fields.ts'
import { type LeafIndex, leafIndex } from '../../kernel/brand.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import { DEFAULT_SLUG } from '../data.ts'
import type { AskedServer } from './server.ts'

export type WantedEntry =
  | { readonly kind: 'index'; readonly index: LeafIndex }
  /** A leaf's hash, with the number of its tree before it or not. */
  | { readonly kind: 'id'; readonly id: string }
  /** `sha256:` and hex, or another. */
  | { readonly kind: 'digest'; readonly digest: string }

/** Where an entry is on its server, and how to have it. */
export interface EntryPlace {
  readonly name: string
  read(): Promise<FetchedEntry>
}

const REKOR = '/api/v1/log/entries'
const ABSENT = 404
const OK = 200

/**
 * Of a digest there may be many, of anything else one.
 * @throws TlogError NOT_FOUND, CHECK_UNAVAILABLE for what its kind of server cannot be asked, SERVICE_REFUSED,
 *   SERVICE_UNREACHABLE
 */
export async function* placesOf(wanted: WantedEntry, asked: AskedServer): AsyncGenerator<EntryPlace> {
  const { ask, url } = asked
  if (wanted.kind === 'digest') {
    const found = await findEntries(ask, { url, artifact: wanted.digest, logs: [] })
    for await (const place of found.places()) yield placed(asked, place)
    return
  }
  const server = await openLogServer(ask, url)
  yield wanted.kind === 'index' ? placeAt(server, wanted.index, asked) : await byId(server, wanted.id, asked)
}

export function placed({ ask, url }: AskedServer, place: string): EntryPlace {
  const fetch = place.startsWith(REKOR) ? fetchRekorEntry : fetchColophonEntry
  return { name: place, read: () => fetch(ask, url, place) }
}

function placeAt(server: LogServer, index: LeafIndex, asked: AskedServer): EntryPlace {
  if (server.kind === 'tiles') return { name: `entry ${index}`, read: () => fetchTiledEntry(server.read, index) }
  const isMeant = asked.log !== null || server.heads.some(({ name }) => name === DEFAULT_SLUG)
  const isOneLog = server.kind === 'colophon' && isMeant
  return placed(asked, isOneLog ? `/logs/${asked.log ?? DEFAULT_SLUG}/entries/${index}` : `${REKOR}?logIndex=${index}`)
}

async function byId(server: LogServer, id: string, asked: AskedServer): Promise<EntryPlace> {
  if (server.kind === 'tiles')
    throw new TlogError('CHECK_UNAVAILABLE', `${asked.url}: a log of tiles is asked for an entry by its index alone`)
  const isLeaf = id.length === HASH_DIGITS
  const { name, read } = placed(
    asked,
    server.kind === 'colophon' && isLeaf ? await findLeaf(server, id, asked) : `${REKOR}/${id}`,
  )
  return {
    name,
    async read() {
      const entry = await read()
      if (!id.endsWith(hex(leafHash(entry.body))))
        throw new TlogError('SERVICE_REFUSED', `${name}: it is another entry`)
      return entry
    },
  }
}

const HASH_DIGITS = 64

/** In whichever log it is. */
async function findLeaf(server: LogServer, leaf: string, { ask, url, log }: AskedServer): Promise<string> {
  for (const { name } of server.heads.filter((head) => log === null || head.name === log)) {
    const index = await indexIn(ask, below(url, `/logs/${name}/proof/inclusion?leaf=${leaf}`))
    if (index !== null) return `/logs/${name}/entries/${index}`
  }
  throw new TlogError('NOT_FOUND', `${url}: no log there has such a leaf, or not yet`)
}

async function indexIn(ask: Ask, url: string): Promise<LeafIndex | null> {
  const answer = await ask({ url })
  if (answer.status === ABSENT) return null
  if (answer.status !== OK) throw refusal(url, answer)
  return readAnswer(url, answer, (json) => openObject((fields) => leafIndex(fields.required('index', count)))(json, ''))
}
