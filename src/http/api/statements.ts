/** What the API says of an entry's statement. */

import { sha256 } from '#sha256'
import { commitmentOf, type KeptStatement } from '../../custody/kept.ts'
import type { Found, Place } from '../../custody/walk.ts'
import { describeWithdrawn, withdrawnIn } from '../../custody/withdrawn.ts'
import { signersOf } from '../../dialects/signers.ts'
import type { CustodyArtifact } from '../../formats/lineage/statement.ts'
import { digestKey } from '../../formats/lookup-key.ts'
import { bodyKind } from '../../formats/sigstore/body-kind.ts'
import { hex, parseHex } from '../../kernel/bytes.ts'
import { leafHash } from '../../kernel/hash.ts'
import type { Log } from '../../log/log.ts'
import { attempt, sealed } from './entries.ts'
import { time } from './logs.ts'

export interface LeafAt extends Place {
  readonly leaf: Uint8Array
}

/** An entry, by whom, and the way to its proof. */
export async function describeEntry({ log, index, leaf }: LeafAt): Promise<object> {
  const hash = leafHash(leaf)
  const { slug } = log.identity
  const body = attempt(() => bodyKind(leaf), null)
  return {
    log: slug,
    index,
    leafHash: hex(hash),
    kind: body === null ? null : `${body.kind} ${body.version}`,
    time: time(await sealed(log, index, hash)),
    signers: describeSigners(log, leaf),
    links: { self: `/logs/${slug}/entries/${index}` },
  }
}

/** As the leaf has them: their certificates are not judged here. */
function describeSigners(log: Log, leaf: Uint8Array): object[] {
  return attempt(
    () =>
      signersOf(log.identity.dialect)(leaf).map(({ key, certificate }) => ({
        key: hex(sha256(key.der)),
        names: certificate?.sans.map(({ value }) => value) ?? [],
        issuer: certificate?.issuer ?? null,
      })),
    [],
  )
}

/** By which entry the content behind a leaf was taken back; null: it was not. */
export async function describeTaken(logs: readonly Log[], { log, leaf }: LeafAt): Promise<object | null> {
  const named = commitmentOf(log, leaf)
  const found = named === null ? null : await withdrawnIn(logs, named)
  return found === null ? null : describeWithdrawn(found)
}

/** Null: there is none, or it is not kept. */
export function summaryOf(kept: KeptStatement | null): object | null {
  if (kept === null) return null
  const { predicateType, buildType } = kept.statement
  return { attachment: kept.attachment, payload: payloadOf(kept), predicateType, buildType }
}

function payloadOf({ payload }: KeptStatement): string {
  return `sha256:${hex(sha256(payload))}`
}

/** Where payloads are looked up that a statement links to; so many of a page, the others count as claimed. */
const MAX_LINKS = 1024

export class Describer {
  readonly #logs: readonly Log[]
  readonly #linked = new Map<string, boolean>()

  constructor(logs: readonly Log[]) {
    this.#logs = logs
  }

  /** @throws TlogError STORE_CORRUPT */
  async describe(found: Found): Promise<object> {
    const { kept, artifact, depth, as, log, leaf } = found
    const named = commitmentOf(log, leaf)
    const place = { ...(await describeEntry(found)), artifact, depth, as }
    if (kept === null) {
      const attachment = named && `${named.algorithm}:${hex(named.digest)}`
      return { ...place, attachment, statement: null, withdrawn: await describeTaken(this.#logs, found) }
    }
    const { predicateType, buildType, builder, subjects, parts, dependencies, advisory, completeness, cut } =
      kept.statement
    const edges: object[] = []
    for (const dependency of dependencies) edges.push({ ...described(dependency), ...(await this.#edge(dependency)) })
    const statement = {
      ...{ payload: payloadOf(kept), predicateType, buildType, builder },
      subjects: subjects.map(described),
      parts: parts.length,
      dependencies: edges,
      completeness: Object.fromEntries(completeness),
      advisory,
      cut,
    }
    return { ...place, attachment: kept.attachment, statement, withdrawn: null }
  }

  /** Hash-linked: the statement that was meant is in a log of this server. */
  async #edge({ link }: CustodyArtifact): Promise<object> {
    const isLinked = link !== null && (await this.#isLogged(link))
    return { link, kind: isLinked ? 'hash-linked' : 'claimed' }
  }

  async #isLogged(payload: string): Promise<boolean> {
    const known = this.#linked.get(payload)
    if (known !== undefined || this.#linked.size >= MAX_LINKS) return known ?? false
    const key = digestKey('sha256', parseHex(payload))
    let isLogged = false
    for (const log of this.#logs) isLogged ||= (await log.lookup(key, null, 1)).length > 0
    this.#linked.set(payload, isLogged)
    return isLogged
  }
}

function described({ name, uri, digests, role, relation }: CustodyArtifact): object {
  return { name, uri, digests, role, relation }
}
