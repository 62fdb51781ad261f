/** GET /entries and /entries/count: the entries of all logs by digest, name or key, in pages, and how many they are. */

import type { FastifyInstance } from 'fastify'
import { type Criteria, criteriaOf, formatEntryQuery } from '../../formats/entry-query.ts'
import type { TreeSize } from '../../kernel/brand.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Log } from '../../log/log.ts'
import { leafHashes } from '../leaf-hashes.ts'
import type { Logs } from '../logs.ts'
import { countMatches, findPage, LongReads } from '../matches.ts'
import { COUNT, type CRITERIA, MAX_MATCHES, SEARCH } from './describe/search.ts'
import type { Cursor, Query } from './parameters.ts'
import { json, resource } from './resource.ts'

type Asked = Query<typeof CRITERIA>

interface Searched {
  readonly log: Log
  readonly size: TreeSize
}

export function searchRoutes(logs: Logs) {
  const longReads = new LongReads()
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/entries', SEARCH, async (_, { after = null, limit = MAX_MATCHES, ...asked }) => {
      const query = readCriteria(asked)
      if (after !== null) logs.named(after.log)
      const searched = sizesOf(logs)
      const { entries, last } = await find(searched, query, { after, limit })
      const said = formatEntryQuery({ ...asked, operator: query.operator })
      const more = (at: Cursor) => `/entries?${said}&after=${at.log}:${at.index}&limit=${limit}`
      return json({ logs: searched.map(named), entries, next: last === null ? null : more(last) })
    })
    resource(app, '/entries/count', COUNT, async (_, asked) => {
      const query = readCriteria(asked)
      const counts: object[] = []
      const count = await longReads.inTurn(async () => {
        let sum = 0
        for (const searched of sizesOf(logs)) {
          const count = await countMatches(searched.log, query, searched.size)
          counts.push({ ...named(searched), count })
          sum += count
        }
        return sum
      })
      return json({ count, logs: counts })
    })
  }
}

/** @throws TlogError FIELD_MISSING */
function readCriteria({ operator = 'or', ...asked }: Asked): Criteria {
  const query = criteriaOf({ ...asked, operator })
  if (query.criteria.length === 0) throw new TlogError('FIELD_MISSING', 'hash, email, subject or fingerprint: missing')
  return query
}

function sizesOf(logs: Logs): Searched[] {
  return logs.all.map((log) => ({ log, size: log.status().published }))
}

function named({ log, size }: Searched): object {
  return { log: log.identity.slug, size }
}

interface Part {
  readonly after: Cursor | null
  readonly limit: number
}

/** In order of the logs' creation and then of the entries: what is new in a log comes after all that it had. */
async function find(
  searched: readonly Searched[],
  query: Criteria,
  { after, limit }: Part,
): Promise<{ readonly entries: readonly object[]; readonly last: Cursor | null }> {
  const entries: object[] = []
  let last: Cursor | null = null
  const start = Math.max(
    0,
    searched.findIndex(({ log }) => log.identity.slug === after?.log),
  )
  for (const { log, size } of searched.slice(start)) {
    if (entries.length === limit) return { entries, last }
    const { slug } = log.identity
    const from = slug === after?.log ? after.index : null
    const page = await findPage(log, query, { after: from, size, limit: limit - entries.length })
    const hashes = leafHashes(log, page.found)
    for (const index of page.found) {
      const leafHash = hex((await hashes.next()).value)
      entries.push({ log: slug, index, leafHash, links: { self: `/logs/${slug}/entries/${index}` } })
      last = { log: slug, index }
    }
    if (page.searched !== null) return { entries, last: { log: slug, index: page.searched } }
  }
  return { entries, last: null }
}
