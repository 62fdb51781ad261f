/** Which logs are at a URL, and by which keys they are known: found by asking the first time, remembered from then on. */

import type { AuditedLog, AuditMemory } from '../../audit/ports.ts'
import { type Ask, below } from '../../client/ask.ts'
import { tiledLog } from '../../client/audited-tiles.ts'
import { RekorSite } from '../../client/audited-trees.ts'
import { type LogServer, openLogServer } from '../../client/log-server.ts'
import { list, literal, object, parsed, type Read, text } from '../../formats/fields.ts'
import { parseJson } from '../../formats/json.ts'
import { formatLogKey, type LogKey, parseLogKey } from '../../formats/log-key.ts'
import { parseTreeOrigin } from '../../formats/sigstore/tree-id.ts'
import { utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { receive } from '../../verify/checkpoint.ts'

/** A log that is to be audited. */
export interface FoundLog {
  /** By which its state is remembered, and people know it. */
  readonly place: string
  readonly log: AuditedLog
  /** That the server called the log's, when it was first asked; none: it does not say. */
  readonly keys: readonly LogKey[]
}

export interface Site {
  /** Whether it was asked just now, and its keys come from nobody but itself. */
  readonly isNew: boolean
  /** Again after each round: a Rekor v1 log goes on in another tree. @throws as openSite */
  logs(): Promise<readonly FoundLog[]>
}

interface Known {
  readonly kind: 'tiles' | 'rekor-v1'
  readonly logs: readonly KnownLog[]
}

interface KnownLog {
  /** Of tiles the prefix, of a tree its number. */
  readonly name: string
  readonly keys: readonly LogKey[]
}

/** @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED; STORE_CORRUPT for what was remembered */
export async function openSite(ask: Ask, url: string, memory: AuditMemory): Promise<Site> {
  const kept = memory.read()
  const known = kept === null ? await discover(ask, url) : parseKnown(kept)
  if (kept === null) memory.write(formatKnown(known))
  if (known.kind === 'tiles') {
    const logs = known.logs.map(({ name, keys }) => ({ place: name, log: tiledLog(ask, name), keys }))
    return { isNew: kept === null, logs: async () => logs }
  }
  return { isNew: kept === null, logs: treesOf(ask, url, known, memory) }
}

function treesOf(ask: Ask, url: string, known: Known, memory: AuditMemory): Site['logs'] {
  const site = new RekorSite(ask, url)
  const logs = new Map<string, FoundLog>()
  let all = known.logs
  return async () => {
    const unknown = site.trees.filter((treeId) => !all.some(({ name }) => name === treeId))
    if (unknown.length > 0) {
      all = [...all, ...(await Promise.all(unknown.map((treeId) => knownTree(site, treeId))))]
      memory.write(formatKnown({ kind: 'rekor-v1', logs: all }))
    }
    for (const { name, keys } of all)
      if (!logs.has(name))
        logs.set(name, { place: `${below(url, '/api/v1/log')}?treeID=${name}`, log: site.tree(name), keys })
    return [...logs.values()]
  }
}

async function discover(ask: Ask, url: string): Promise<Known> {
  const server = await openLogServer(ask, url)
  if (server.kind === 'rekor-v1') {
    const site = new RekorSite(ask, url)
    await site.refresh()
    return { kind: 'rekor-v1', logs: await Promise.all(site.trees.map((treeId) => knownTree(site, treeId))) }
  }
  return { kind: 'tiles', logs: server.heads.map((head) => knownTiles(url, head)) }
}

function knownTiles(url: string, { place, vkey }: LogServer['heads'][number]): KnownLog {
  const name = below(url, place.replace(/\/checkpoint$/, ''))
  return { name, keys: vkey === null ? [] : [told(name, () => parseLogKey(vkey))] }
}

async function knownTree(site: RekorSite, treeId: string): Promise<KnownLog> {
  const spki = await site.key(treeId)
  const note = await site.tree(treeId).checkpoint()
  const { host } = told(treeId, () => parseTreeOrigin(receive(note).checkpoint.origin))
  return { name: treeId, keys: [{ kind: 'rekor', host, spki }] }
}

function told<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new TlogError('SERVICE_REFUSED', `${place}: what it says of its key cannot be read: ${cause.message}`, {
      cause,
    })
  }
}

const TYPE = 'colophon-audit-site/v1'

function formatKnown({ kind, logs }: Known): Uint8Array {
  const spelled = logs.map(({ name, keys }) => ({ name, keys: keys.map(formatLogKey) }))
  return utf8(`${JSON.stringify({ type: TYPE, kind, logs: spelled }, null, 2)}\n`)
}

function parseKnown(bytes: Uint8Array): Known {
  try {
    return known(parseJson(bytes), '')
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new TlogError('STORE_CORRUPT', `not what an auditor remembers of a server: ${cause.message}`, { cause })
  }
}

const known: Read<Known> = object((fields) => {
  fields.required('type', literal(TYPE))
  return {
    kind: fields.required('kind', literal('tiles', 'rekor-v1')),
    logs: fields.required(
      'logs',
      list(
        object((log) => ({
          name: log.required('name', text),
          keys: log.required('keys', list(parsed(parseLogKey), { max: 16 })),
        })),
        { max: 8192 },
      ),
    ),
  }
})
