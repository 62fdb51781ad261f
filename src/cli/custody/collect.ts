/**
 * Asks a server for the statements around artifacts, and believes none: each is opened from its log entry and its content, and
 * what it says is read there. What the server says beside that is compared, so that one that lies is found out.
 */

import { sha256 } from '#sha256'
import { type Direction, fetchAttachment, fetchCustody, type ListedStatement } from '../../client/custody.ts'
import type { MessageSignature } from '../../formats/sigstore/bundle.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type BroughtBundle, type BroughtDocument, digestsOf } from './brought.ts'
import type { Collected, Fault, OpenedStatement, Unused, WithdrawnStatement } from './collected.ts'
import { countedOf } from './counted.ts'
import { placesByNamed, Spent } from './crowd.ts'
import { isNamed } from './graph.ts'
import { Heads } from './heads.ts'
import { type Content, type Opened, openBundle, openEntry, type Signature, type Trusted } from './open.ts'
import { placesOfSigners, signedBytes } from './other-signers.ts'
import { reach } from './reach.ts'
import { Routes } from './routes.ts'
import { namedIn, requireAsSaid, type Taken } from './said.ts'
import { fetchCommitted, openWithdrawal } from './withdrawn.ts'

export type { Collected, Fault, OpenedStatement, WithdrawnStatement } from './collected.ts'
export type { Signature } from './open.ts'

export interface Asked extends Omit<Trusted, 'bundles'> {
  readonly now: () => number
  readonly direction: Direction
  readonly depth: number
  /** Entries that are opened at most. */
  readonly limit: number
  /** Of the caller's. */
  readonly bundles: readonly BroughtBundle[]
  readonly documents: readonly BroughtDocument[]
}

/** These decide nothing. */
const UNDECIDED = new Set(['CHECK_UNAVAILABLE', 'NOT_FOUND', 'TIME_MISSING', 'CERTIFICATE_UNTRUSTED'])
const PASSING: ReadonlySet<string> = new Set(['SERVICE_UNREACHABLE', 'LOG_BUSY', 'LOG_CLOSED'])

/** @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED when the server answers with something else than was asked for */
export async function collect(artifacts: readonly string[], asked: Asked): Promise<Collected> {
  return await new Collector(artifacts, asked).from(artifacts)
}

/** Pages that are asked for, for each entry that may be opened. */
const PAGES = 20
/** Thrown where no more may be opened, or asked for. */
const ENOUGH = Symbol('enough')

class Collector {
  readonly #asked: Asked
  readonly #trusted: Trusted
  readonly #statements = new Map<string, OpenedStatement>()
  /** By place. Null: a stranger's that cannot be opened, one that was taken back, or one that failed. */
  readonly #opened = new Map<string, Taken | null>()
  readonly #faults: Fault[] = []
  readonly #withdrawn: WithdrawnStatement[] = []
  readonly #unused: Unused[] = []
  readonly #heads = new Heads()
  readonly #routes = new Routes()
  readonly #spent: Spent
  /** Artifacts of which the named were asked for by themselves. */
  readonly #askedNamed = new Set<string>()
  /** Whether strangers were passed by. */
  #isShort = false
  /** What may be asked about. */
  readonly #known: Set<string>
  readonly #forged = new Map<string, number>()
  #pages = 0
  #passedOver = 0
  #isDeeper = false

  constructor(artifacts: readonly string[], asked: Asked) {
    this.#spent = new Spent(asked.ask, asked.now)
    this.#asked = { ...asked, ask: this.#spent.ask }
    this.#known = new Set(artifacts)
    this.#trusted = { ...this.#asked, bundles: asked.bundles.map(({ bundle }) => bundle) }
  }

  async from(artifacts: readonly string[]): Promise<Collected> {
    const { direction, depth } = this.#asked
    const isCut = await this.#all(artifacts).then(
      () => false,
      (error) => {
        if (error === ENOUGH) return true
        throw error
      },
    )
    const { statements } = reach(artifacts, [...this.#statements.values()], { direction, depth })
    return {
      ...{ artifacts, statements, isCut: isCut || this.#isShort, isDeeper: this.#isDeeper, heads: this.#heads.sizes },
      ...{ faults: this.#faults, withdrawn: this.#withdrawn, unused: this.#unused },
      ...{ passedOver: this.#passedOver, forged: this.#forged, unasked: this.#routes.unasked },
    }
  }

  async #all(artifacts: readonly string[]): Promise<void> {
    const { direction, depth } = this.#asked
    await this.#bring()
    const brought = new Set([...this.#statements.values()].flatMap(({ statement }) => namedIn(statement)))
    for (const artifact of artifacts) this.#routes.begin({ artifact, depth, after: null })
    await this.#walk()
    // What was brought leads where the server, which may not have it, did not go.
    for (let [before, known] = [-1, 0]; before < known; ) {
      before = known
      const near = reach(artifacts, [...this.#statements.values()], { direction, depth }).artifacts
      const ahead = [...near].filter(([artifact]) => brought.has(artifact) && !this.#routes.has(artifact))
      for (const [artifact, at] of ahead) this.#routes.add({ artifact, depth: depth - at + 1, after: null })
      await this.#walk()
      if (this.#isShort) await this.#askNamed(near.keys())
      known = this.#routes.size + this.#statements.size
    }
  }

  /** Of what counts. What they say may lead to more. */
  async #askNamed(artifacts: Iterable<string>): Promise<void> {
    for (const artifact of artifacts) {
      if (this.#askedNamed.has(artifact) || !this.#routes.counts(artifact)) continue
      this.#askedNamed.add(artifact)
      if (this.#askedNamed.size > PAGES * this.#asked.limit) throw ENOUGH
      for await (const place of placesByNamed(artifact, this.#trusted))
        await this.#noting(place, artifact, async () => {
          const committed = this.#opened.has(place) ? null : await fetchCommitted(this.#trusted, place, artifact)
          if (committed !== null) await this.#openAt(place, { artifact, withdrawn: null, ...committed })
        })
      this.#learn()
    }
  }

  #learn(): void {
    this.#routes.learn(countedOf({ statements: this.#statements.values(), isNamed }))
  }

  async #walk(): Promise<void> {
    const { ask, url, direction, depth, limit } = this.#asked
    for (let stop = this.#routes.next(); stop !== undefined; stop = this.#routes.next()) {
      if (++this.#pages > PAGES * limit) throw ENOUGH
      if (this.#spent.isAll && stop.after !== null) {
        this.#isShort = true
        continue
      }
      // One step more is asked for than is opened: that there is one shall be known.
      const page = () => fetchCustody(ask, url, { ...stop, depth: stop.depth + 1, direction })
      const { statements, more } = await this.#spent.charge(page, () => stop.after !== null)
      await this.#askNamed(more.filter(({ after }) => after !== null).map(({ artifact }) => artifact))
      for (const one of statements) {
        if (one.depth <= stop.depth) await this.#take(one)
        else this.#isDeeper = true
      }
      this.#learn()
      const left = more.map((next) => ({ ...next, depth: next.depth - 1 }))
      for (const next of left)
        if (next.depth >= 1 && next.depth <= depth && this.#known.has(next.artifact)) this.#routes.add(next)
    }
  }

  /** Bundles prove themselves; documents are proven by those, or by entries of the server. */
  async #bring(): Promise<void> {
    const { bundles, documents } = this.#asked
    for (const { path, bundle } of bundles)
      if (bundle.content.kind === 'envelope')
        await this.#tryFile(path, () => openBundle(path, bundle, null, this.#trusted))
    for (const { path, bytes } of documents) {
      const own = bundles.filter(({ bundle: { content } }) => content.kind === 'message' && isOver(content, bytes))
      for (const { path, bundle } of own)
        await this.#tryFile(path, () => openBundle(path, bundle, bytes, this.#trusted))
      const name = hex(sha256(bytes))
      await this.#openOthers(bytes, `sha256:${name}`)
      if (!this.#statements.has(name))
        this.#unused.push({ path, code: 'NOT_FOUND', message: 'no signature over it is in a log: it is passed over' })
    }
  }

  async #tryFile(path: string, open: () => Promise<Opened>): Promise<void> {
    try {
      await this.#keep(await open())
    } catch (error) {
      if (!(error instanceof TlogError) || PASSING.has(error.code)) throw error
      this.#unused.push({ path, code: error.code, message: error.message })
    }
  }

  async #take(one: ListedStatement): Promise<void> {
    const { place, artifact, attachment, withdrawn } = one
    const { ask, url } = this.#asked
    const taken = this.#opened.get(place)
    if (taken === undefined && this.#spent.isAll) {
      this.#isShort = true
      return
    }
    await this.#noting(place, artifact, async () => {
      const content = taken === undefined && attachment !== null ? await fetchAttachment(ask, url, attachment) : null
      const found = taken === undefined ? await this.#openAt(place, { ...one, content }) : taken
      if (found === null) return
      // The caller has what the operator took back.
      if (one.said === null && withdrawn !== null && attachment !== null)
        return void (await openWithdrawal(this.#trusted, withdrawn, attachment))
      requireAsSaid(one, found)
    })
  }

  /** Entries over the same bytes, whoever signed. */
  async #openOthers(content: Uint8Array, artifact: string): Promise<void> {
    for await (const place of placesOfSigners(content, this.#trusted))
      await this.#noting(place, artifact, async () => {
        if (!this.#opened.has(place))
          await this.#openAt(place, { artifact, content, attachment: null, withdrawn: null })
      })
  }

  async #noting(place: string, artifact: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof TlogError) || PASSING.has(error.code)) throw error
      const isLie = !UNDECIDED.has(error.code)
      this.#faults.push({ place, artifact, code: error.code, message: error.message, isLie })
    }
  }

  async #openAt(place: string, stated: Content & { readonly artifact: string }): Promise<Taken | null> {
    if (this.#opened.size >= this.#asked.limit) throw ENOUGH
    this.#opened.set(place, null)
    return (
      await this.#spent.charge(
        () => this.#openOne(place, stated),
        ({ isStrangers }) => isStrangers,
      )
    ).taken
  }

  async #openOne(place: string, stated: Content & { readonly artifact: string }) {
    const { opened, withdrawn, forged, checkpoint } = await openEntry(place, stated, this.#trusted)
    const isStrangers = (opened?.signature ?? withdrawn)?.isNamed !== true
    this.#heads.see(checkpoint)
    if (forged !== null) this.#forged.set(forged, (this.#forged.get(forged) ?? 0) + 1)
    if (withdrawn !== null) {
      const { checkpoint, ...told } = withdrawn
      this.#heads.see(checkpoint)
      this.#withdrawn.push({ place, artifact: stated.artifact, ...told })
    } else if (opened === null) this.#passedOver++
    if (opened === null) return { isStrangers, taken: null }
    const taken = { statement: opened.statement, isShown: opened.isShown }
    this.#opened.set(place, taken) // and not what it was read from, which may be large
    await this.#keep(opened)
    return { isStrangers, taken }
  }

  async #keep(opened: Opened): Promise<void> {
    const { payload, statement, signature } = opened
    const digest = hex(sha256(payload))
    const known = this.#statements.get(digest)
    if (known !== undefined) return void addSignature(known.signatures, signature)
    this.#statements.set(digest, { payload: digest, statement, signatures: [signature] })
    const named = namedIn(statement)
    for (const artifact of named) this.#known.add(artifact)
    await this.#openOthers(signedBytes(opened), named[0] ?? '')
  }
}

/** The same entry, in a bundle and listed, is one, and at the server's place. */
function addSignature(signatures: Signature[], added: Signature): void {
  const known = signatures.findIndex(({ origin, index }) => origin === added.origin && index === added.index)
  signatures.splice(known < 0 ? signatures.length : known, 1, added)
}

function isOver({ digest }: MessageSignature, bytes: Uint8Array): boolean {
  return digest !== null && equal(digest.bytes, digestsOf(bytes).get(digest.algorithm) ?? new Uint8Array())
}
