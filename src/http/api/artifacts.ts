/** GET /artifacts/{alg}:{hex}: the entries of all logs that are about a digest, by their lookup rows. */

import type { FastifyInstance } from 'fastify'
import { readLeaf, readStatement } from '../../custody/kept.ts'
import type { Place } from '../../custody/walk.ts'
import { digestKey } from '../../formats/lookup-key.ts'
import type { TreeSize } from '../../kernel/brand.ts'
import { parseHex } from '../../kernel/bytes.ts'
import type { Log } from '../../log/log.ts'
import type { Logs } from '../logs.ts'
import { FIND_ARTIFACT, MAX_FOUND } from './describe/artifacts.ts'
import { artifactParameter, type Cursor, readPath } from './parameters.ts'
import { json, resource } from './resource.ts'
import { describeEntry, describeTaken, summaryOf } from './statements.ts'

export function artifactRoutes(logs: Logs) {
  return async (app: FastifyInstance): Promise<void> => {
    resource(app, '/artifacts/:artifact', FIND_ARTIFACT, async (request, { after = null, limit = MAX_FOUND }) => {
      const { algorithm, digits } = readPath(request, 'artifact', artifactParameter)
      const artifact = `${algorithm}:${digits}`
      const searched = logs.all.map((log) => ({ log, size: log.published()?.size ?? (0 as TreeSize) }))
      const found = await find(
        searched,
        digestKey(algorithm, parseHex(digits)),
        after === null ? null : resolve(after, logs),
        limit + 1,
      )
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return json({
        artifact,
        logs: searched.map(({ log, size }) => ({ log: log.identity.slug, size })),
        entries: await describeAll(page, logs.all),
        next: last === undefined ? null : `/artifacts/${artifact}?after=${spell(last)}&limit=${limit}`,
      })
    })
  }
}

/** @throws TlogError LOG_UNKNOWN */
function resolve({ log, index }: Cursor, logs: Logs): Place {
  return { log: logs.named(log), index }
}

/** In order of the logs' creation and then of the entries: what is new in a log comes after all that it had. */
async function find(
  searched: readonly { readonly log: Log; readonly size: TreeSize }[],
  key: Uint8Array,
  after: Place | null,
  limit: number,
): Promise<Place[]> {
  const found: Place[] = []
  const start = after === null ? 0 : searched.findIndex(({ log }) => log === after.log)
  for (const { log, size } of searched.slice(start)) {
    const indexes = await log.lookup(key, log === after?.log ? after.index : null, limit - found.length)
    found.push(...indexes.filter((index) => index < size).map((index) => ({ log, index })))
    if (found.length === limit) break
  }
  return found
}

/** One after the other: to find a leaf costs its whole bundle. */
async function describeAll(places: readonly Place[], logs: readonly Log[]): Promise<object[]> {
  const entries: object[] = []
  for (const { log, index } of places) {
    const leaf = await readLeaf(log, index)
    const kept = await readStatement(log, leaf)
    const withdrawn = kept === null ? await describeTaken(logs, { log, index, leaf }) : null
    entries.push({ ...(await describeEntry({ log, index, leaf })), statement: summaryOf(kept), withdrawn })
  }
  return entries
}

function spell({ log, index }: Place): string {
  return `${log.identity.slug}:${index}`
}
