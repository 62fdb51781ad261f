/**
 * Asks a server for the statements around artifacts, and believes none: each is opened from its log entry and its content, and
 * what it says is read there. What the server says beside that is compared, so that one that lies is found out.
 */

import { sha256 } from '#sha256'
import { type Ask, below } from '../../client/ask.ts'
import { type Direction, fetchAttachment, fetchCustody, type ListedStatement } from '../../client/custody.ts'
import { fetchColophonEntry } from '../../client/fetch-entry.ts'
import { type CustodyStatement, parseCustody } from '../../formats/lineage/statement.ts'
import { orNull } from '../../formats/located.ts'
import { parseCertificate } from '../../formats/pki/certificate.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import type { Bundle } from '../../formats/sigstore/bundle.ts'
import type { Material } from '../../formats/sigstore/request-v2.ts'
import { STATEMENT_TYPE } from '../../formats/sigstore/statement.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { verifyEnvelope } from '../../verify/bundle.ts'
import { bundleOfStatement, verifierOf } from '../../verify/logged-signature.ts'
import { findSigner } from '../../verify/rekor-log.ts'
import { verifyStatedEntry } from '../../verify/stated-logs.ts'
import type { Trust, TrustedSigner } from '../../verify/trust.ts'
import { countedOf } from './counted.ts'
import { isNamed } from './graph.ts'
import { Routes } from './routes.ts'
import { openWithdrawal } from './withdrawn.ts'

export interface Asked {
  readonly ask: Ask
  readonly url: string
  readonly direction: Direction
  readonly depth: number
  /** Statements that are opened at most. */
  readonly limit: number
  /** Whose word counts. */
  readonly signers: readonly TrustedSigner[]
  readonly trust: Omit<Trust, 'signer'>
}

/** Of a statement that was opened. */
export interface Signature {
  readonly place: string
  /** In words: a key's fingerprint, or a name and who vouched for it. */
  readonly signer: string
  /** Whether it is one whose word counts. */
  readonly isNamed: boolean
  readonly origin: string
  readonly index: number
}

export interface OpenedStatement {
  /** SHA-256 of the payload, in hex: by this others link to it. */
  readonly payload: string
  readonly statement: CustodyStatement
  /** At least one; one by a named signer makes the statement count. */
  readonly signatures: Signature[]
}

/** What the server listed and did not show, or what does not hold. */
export interface Fault {
  readonly place: string
  readonly artifact: string
  readonly code: string
  readonly message: string
  /** A lie, or a signature that is not good; else it is withheld, or could not be checked here. */
  readonly isLie: boolean
}

/** What the operator took back, by the log's own word. */
export interface WithdrawnStatement {
  readonly place: string
  readonly artifact: string
  /** Of the entry that says so. */
  readonly by: string
  readonly reason: string
  readonly since: string
  /** Whether it was one whose word counts. */
  readonly isNamed: boolean
}

export interface Collected {
  readonly statements: readonly OpenedStatement[]
  readonly withdrawn: readonly WithdrawnStatement[]
  readonly faults: readonly Fault[]
  /** Entries by strangers that were in the log and could not be opened: anybody may log anything about any file. */
  readonly passedOver: number
  /** Artifacts to which strangers alone lead, and which were not asked for. */
  readonly unasked: number
  /** Whether there is more than was looked at. */
  readonly isCut: boolean
}

/** These decide nothing. */
const UNDECIDED: ReadonlySet<string> = new Set(['CHECK_UNAVAILABLE', 'NOT_FOUND', 'TIME_MISSING'])
const PASSING: ReadonlySet<string> = new Set(['SERVICE_UNREACHABLE', 'LOG_BUSY', 'LOG_CLOSED'])

/** @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED when the server answers with something else than was asked for */
export async function collect(artifacts: readonly string[], asked: Asked): Promise<Collected> {
  return await new Collector(asked).from(artifacts)
}

class Collector {
  readonly #asked: Asked
  readonly #statements = new Map<string, OpenedStatement>()
  readonly #opened = new Map<string, CustodyStatement | null>()
  readonly #faults: Fault[] = []
  readonly #withdrawn: WithdrawnStatement[] = []
  #passedOver = 0
  readonly #routes = new Routes()

  constructor(asked: Asked) {
    this.#asked = asked
  }

  async from(artifacts: readonly string[]): Promise<Collected> {
    const { ask, url, direction, depth, limit } = this.#asked
    for (const artifact of artifacts) this.#routes.begin({ artifact, depth, after: null })
    for (let stop = this.#routes.next(); stop !== undefined; stop = this.#routes.next()) {
      const { statements, more } = await fetchCustody(ask, url, { ...stop, direction })
      for (const one of statements) {
        if (this.#opened.size >= limit && !this.#opened.has(one.place)) return this.#collected(true)
        await this.#take(one)
      }
      this.#routes.learn(countedOf({ statements: this.#statements.values(), isNamed }))
      for (const next of more) if (next.depth >= 1 && next.depth <= depth) this.#routes.add(next)
    }
    return this.#collected(false)
  }

  #collected(isCut: boolean): Collected {
    const [faults, withdrawn, passedOver, unasked] = [
      this.#faults,
      this.#withdrawn,
      this.#passedOver,
      this.#routes.unasked,
    ]
    return { statements: [...this.#statements.values()], faults, withdrawn, passedOver, unasked, isCut }
  }

  async #take(one: ListedStatement): Promise<void> {
    try {
      let statement = this.#opened.get(one.place)
      if (statement === undefined) {
        this.#opened.set(one.place, null)
        statement = await this.#open(one)
        this.#opened.set(one.place, statement)
      }
      if (statement !== null) requireAsSaid(one, statement)
    } catch (error) {
      if (!(error instanceof TlogError) || PASSING.has(error.code)) throw error
      const { place, artifact } = one
      const isLie = !UNDECIDED.has(error.code)
      this.#faults.push({ place, artifact, code: error.code, message: error.message, isLie })
    }
  }

  /** Null where it is a stranger's that nobody can open, or was taken back. */
  async #open({ place, attachment, artifact, withdrawn }: ListedStatement): Promise<CustodyStatement | null> {
    const { ask, url, trust, signers } = this.#asked
    const fetched = await fetchColophonEntry(ask, url, place)
    const entry = { ...fetched, logId: findSigner(trust.root.tlogs, fetched.proof?.checkpoint ?? '').logId }
    const { root, policy, abilities } = trust
    const { index, checkpoint } = await verifyStatedEntry(entry, { root, policy, mlDsa44: abilities.mlDsa44 })
    const content = attachment === null ? null : await fetchAttachment(ask, url, attachment)
    const who = orNull(() => chosen(verifierOf(entry), signers))
    try {
      if (who === null)
        throw new TlogError('CHECK_UNAVAILABLE', `${below(url, place)}: of a kind that is not read here`)
      if (content === null && attachment !== null && withdrawn !== null) {
        const told = await openWithdrawal(this.#asked, withdrawn, attachment)
        this.#withdrawn.push({ place, artifact, by: withdrawn, isNamed: who.isNamed, ...told })
        return null
      }
      if (content === null)
        throw new TlogError('NOT_FOUND', `${below(url, place)}: the server lists a statement, and does not show it`)
      const payload = await this.#verified(bundleOfStatement(entry, content), who.signer)
      return this.#keep(payload, { place, ...who, signer: wordsOf(who.signer), origin: checkpoint.origin, index })
    } catch (error) {
      if (!(error instanceof TlogError) || who?.isNamed === true) throw error
      this.#passedOver++
      return null
    }
  }

  async #verified(bundle: Bundle, signer: TrustedSigner): Promise<Uint8Array> {
    const { content } = bundle
    if (content.kind !== 'envelope' || content.payloadType !== STATEMENT_TYPE)
      throw new TlogError('SERVICE_REFUSED', 'what was signed is no statement')
    await verifyEnvelope(bundle, { ...this.#asked.trust, signer })
    return content.payload
  }

  #keep(payload: Uint8Array, signature: Signature): CustodyStatement {
    const digest = hex(sha256(payload))
    const known = this.#statements.get(digest) ?? { payload: digest, statement: parseCustody(payload), signatures: [] }
    known.signatures.push(signature)
    this.#statements.set(digest, known)
    return known.statement
  }
}

/** One of the named where it is theirs, else whoever the entry says: then it is shown that they signed, and it counts for nothing. */
function chosen(
  { kind, rawBytes }: Material,
  signers: readonly TrustedSigner[],
): { readonly signer: TrustedSigner; readonly isNamed: boolean } {
  if (kind === 'publicKey') {
    const key = parseSpki(rawBytes)
    const isNamed = signers.some((one) => one.kind === 'key' && equal(one.key.der, key.der))
    return { signer: { kind: 'key', key }, isNamed }
  }
  const { sans, issuer } = parseCertificate(rawBytes)
  const named = signers.find(
    (one) => one.kind === 'identity' && one.issuer === issuer && sans.some(({ value }) => value === one.name),
  )
  if (named !== undefined) return { signer: named, isNamed: true }
  return { signer: { kind: 'identity', name: sans[0]?.value ?? '', issuer: issuer ?? '' }, isNamed: false }
}

function wordsOf(signer: TrustedSigner): string {
  return signer.kind === 'key' ? `key ${hex(sha256(signer.key.der))}` : `${signer.name} (${signer.issuer})`
}

/** @throws TlogError SERVICE_REFUSED when the server lists it for what it does not say, or says that it says something else */
function requireAsSaid({ place, artifact, said }: ListedStatement, statement: CustodyStatement): void {
  const { subjects, parts, dependencies } = statement
  if (![...subjects, ...parts, ...dependencies].some(({ digests }) => digests.includes(artifact)))
    throw new TlogError('SERVICE_REFUSED', `${place}: it is listed for ${artifact}, and says nothing of it`)
  if (said === null)
    throw new TlogError('SERVICE_REFUSED', `${place}: the server has it, and does not say what it says`)
  const lists = [
    [said.subjects, subjects],
    [said.dependencies, dependencies],
  ] as const
  for (const [claimed, real] of lists)
    if (JSON.stringify(claimed) !== JSON.stringify(real.map(({ digests }) => digests)))
      throw new TlogError('SERVICE_REFUSED', `${place}: the server says that it names other artifacts than it does`)
}
