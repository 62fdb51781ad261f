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
import type { Clock } from '../../log/ports.ts'
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
  /** All that it ever showed. */
  readonly known: readonly FoundLog[]
  /**
   * Those that it shows now and did not before. A server goes on in another log, as Rekor v1 does in another tree: what is
   * asked for anyway says so, or from time to time one request more.
   */
  follow(): Promise<{ readonly logs: readonly FoundLog[]; readonly problems: readonly Problem[] }>
}

/** What kept it from finding out whether there are others, or from knowing one. */
export interface Problem {
  readonly place: string
  readonly error: TlogError
}

interface Known {
  readonly kind: (typeof KINDS)[number]
  readonly logs: readonly KnownLog[]
}

interface KnownLog {
  /** Of tiles the prefix, of a tree its number. */
  readonly name: string
  readonly keys: readonly LogKey[]
}

/** Where the logs of a server are asked for. */
interface Source {
  /** Names that are shown. @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
  shown(): Promise<readonly string[]>
  /** One that was not known before. Throws as `shown` does. */
  learn(name: string): Promise<KnownLog>
  place(name: string): string
  open(name: string): AuditedLog
}

const KINDS = ['tiles', 'colophon', 'rekor-v1'] as const
const MAX_LOGS = 8192
/** A Colophon's list of logs is no part of what its checkpoints need. */
const LIST_AGE_MS = 600_000

export interface SiteParts {
  readonly ask: Ask
  readonly url: string
  readonly memory: AuditMemory
  readonly clock: Pick<Clock, 'now'>
}

/** @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED; STORE_CORRUPT for what was remembered */
export async function openSite(parts: SiteParts): Promise<Site> {
  const kept = parts.memory.read()
  const server = kept === null ? await openLogServer(parts.ask, parts.url) : null
  const known = kept === null ? { kind: server?.kind ?? 'tiles', logs: [] } : parseKnown(kept)
  const source = sourceOf(known.kind, parts, server)
  const site = new FollowedSite(known, source, parts)
  if (kept === null) await site.begin()
  return site
}

class FollowedSite implements Site {
  readonly #kind: Known['kind']
  readonly #source: Source
  readonly #parts: SiteParts
  readonly #open = new Map<string, FoundLog>()
  #known: readonly KnownLog[]

  constructor({ kind, logs }: Known, source: Source, parts: SiteParts) {
    this.#kind = kind
    this.#known = logs
    this.#source = source
    this.#parts = parts
  }

  /** The first time all or none. @throws as openSite */
  async begin(): Promise<void> {
    const names = await this.#source.shown()
    this.#keep(await Promise.all(names.map((name) => this.#source.learn(name))))
  }

  get known(): readonly FoundLog[] {
    for (const { name, keys } of this.#known)
      if (!this.#open.has(name))
        this.#open.set(name, { place: this.#source.place(name), log: this.#source.open(name), keys })
    return [...this.#open.values()]
  }

  async follow() {
    const before = this.known.length
    const { url } = this.#parts
    const problems: Problem[] = []
    const names = await tried(url, problems, () => this.#source.shown())
    for (const name of names ?? []) {
      if (this.#known.some((known) => known.name === name)) continue
      const log = await tried(this.#source.place(name), problems, () => this.#learn(name))
      if (log !== null) this.#keep([...this.#known, log])
    }
    if (this.#known.length === 0)
      problems.push({ place: url, error: new TlogError('SERVICE_REFUSED', 'it shows no log') })
    return { logs: this.known.slice(before), problems }
  }

  async #learn(name: string): Promise<KnownLog> {
    if (this.#known.length >= MAX_LOGS)
      throw new TlogError('SERVICE_REFUSED', `${this.#parts.url} has shown more than ${MAX_LOGS} logs`)
    return await this.#source.learn(name)
  }

  #keep(logs: readonly KnownLog[]): void {
    this.#known = logs
    this.#parts.memory.write(formatKnown({ kind: this.#kind, logs }))
  }
}

/** One log that cannot be known keeps no other from being audited. */
export async function tried<T>(place: string, problems: Problem[], attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof TlogError) || error.code.startsWith('STORE_')) throw error
    problems.push({ place, error })
    return null
  }
}

function sourceOf(kind: Known['kind'], { ask, url, clock }: SiteParts, server: LogServer | null): Source {
  if (kind === 'rekor-v1') return treesOf(ask, url, server !== null)
  let heads = server?.heads ?? []
  let asked = server === null ? null : clock.now()
  return {
    async shown() {
      if (kind === 'colophon' && (asked === null || clock.now() - asked >= LIST_AGE_MS)) {
        heads = (await openLogServer(ask, url)).heads
        asked = clock.now()
      }
      return heads.map((head) => prefixOf(url, head))
    },
    async learn(name) {
      const vkey = heads.find((head) => prefixOf(url, head) === name)?.vkey ?? null
      return { name, keys: vkey === null ? [] : [told(name, () => parseLogKey(vkey))] }
    },
    place: (name) => name,
    open: (name) => tiledLog(ask, name),
  }
}

function prefixOf(url: string, { place }: LogServer['heads'][number]): string {
  return below(url, place.replace(/\/checkpoint$/, ''))
}

/**
 * The answer that brings the checkpoints names all trees: here it is asked for the first time alone.
 * @param isNew whether nothing is known of the server yet
 */
function treesOf(ask: Ask, url: string, isNew: boolean): Source {
  const site = new RekorSite(ask, url)
  return {
    async shown() {
      if (isNew && site.trees.length === 0) await site.refresh()
      return site.trees
    },
    async learn(name) {
      const spki = await site.key(name)
      const { host } = told(name, () => parseTreeOrigin(receive(utf8(site.head(name))).checkpoint.origin))
      return { name, keys: [{ kind: 'rekor', host, spki }] }
    },
    place: (name) => `${below(url, '/api/v1/log')}?treeID=${name}`,
    open: (name) => site.tree(name),
  }
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
    kind: fields.required('kind', literal(...KINDS)),
    logs: fields.required(
      'logs',
      list(
        object((log) => ({
          name: log.required('name', text),
          keys: log.required('keys', list(parsed(parseLogKey), { max: 16 })),
        })),
        { max: MAX_LOGS },
      ),
    ),
  }
})
