/**
 * A log as one of several equal nodes serves it. Takes entries into the intake that all share, follows the published tree and
 * answers its own callers from that; beside it, it tries to be the one that sequences. See docs/design.md for the order of steps.
 */

import { type LeafHash, treeSize } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import type { Log, LogIdentity, LogLimits, LogStatus } from '../log.ts'
import { wakeOrAge } from '../pace.ts'
import { inTime, type Patience } from '../patience.ts'
import type { Clock, Entry, LogReader, Published, Signer } from '../ports.ts'
import { prove, type Receipt } from '../prover.ts'
import type { PublishedTree } from '../published-tree.ts'
import { checkLength, refusalOf } from '../refusals.ts'
import { ServedLog } from '../served.ts'
import { shareWork } from '../shared-work.ts'
import { createSignal } from '../signal.ts'
import type { FollowedTree } from './followed-tree.ts'
import { Leader, type LeaderParts } from './leader.ts'
import { Offers } from './offers.ts'
import type { Intake, Lease } from './ports.ts'
import { Settlements } from './settlements.ts'

export interface MemberParts extends Pick<LeaderParts, 'onLead' | 'onDelayed' | 'claimMs' | 'pollMs' | 'beside'> {
  /** Null: this node has no hands to sign with, and never leads. */
  readonly open: LeaderParts['open'] | null
  readonly identity: LogIdentity
  readonly store: LogReader
  readonly signer: Pick<Signer, 'promise'>
  readonly intake: Intake
  readonly lease: Lease
  readonly clock: Clock
  readonly limits: LogLimits
  /** What the store says of the log by now: another node may have ended it. */
  readonly state: () => Promise<MemberState>
  /** How often an idle node asks what is new. */
  readonly idleMs: number
  /** The node has stopped serving this log for good. Called once. */
  readonly onFailure: (error: unknown) => void
}

export type MemberState = (typeof ENDS)[number]

/** For a store that is not yet known to be away: then readers get what this node saw last. */
const CATCH_UP_MS = 500

/** Each after those that it follows. */
const ENDS = ['active', 'frozen', 'compromised'] as const

export class Member extends ServedLog implements Log {
  readonly #parts: MemberParts
  readonly #followed: FollowedTree
  readonly #offers: Offers
  readonly #settlements: Settlements
  readonly #leader: Leader | null
  readonly #moved = createSignal()
  readonly #loops: Promise<unknown>
  readonly #started = Promise.withResolvers<void>()
  #state: LogStatus['state'] = 'running'
  #known: MemberState
  #unread: LogStatus['delayed'] = null
  /** A round has seen it whole after its end. */
  #isFinal = false
  #isLate = false
  readonly #advance = shareWork(() => this.#seen())

  /** @param known what `state` said before the start */
  constructor(parts: MemberParts, followed: FollowedTree, known: MemberState) {
    super(parts)
    const { store, intake, limits, clock } = parts
    this.#parts = parts
    this.#followed = followed
    this.#known = known
    this.#offers = new Offers({ reader: store, intake, limits: limits.pool, batch: limits.batch })
    this.#settlements = new Settlements({ reader: store, intake, refusal: () => this.#dropped() })
    const { open } = parts
    this.#leader =
      open &&
      new Leader({ ...parts, open, askMs: parts.idleMs, pool: limits.pool, onPublished: () => this.#moved.wake() })
    const cancel = clock.after(limits.waitMs, this.#started.resolve) // without a quorum there is no first checkpoint
    void this.#started.promise.then(cancel)
    this.#loops = Promise.all([this.#follow(), this.#lead()].map((loop) => loop.catch((error) => this.#fail(error))))
  }

  protected get tree(): PublishedTree {
    return this.#followed.reads
  }

  async add(entry: Entry): Promise<Receipt> {
    this.#checkOpen()
    checkLength(entry)
    const { clock, limits } = this.#parts
    return await inTime(clock, limits.waitMs, (patience) => this.#receipt(entry, leafHash(entry.leaf), patience))
  }

  published(): Published | null {
    return this.#followed.published
  }

  status(): LogStatus {
    const leading = this.#leader?.log?.status()
    const published = this.published()?.size ?? treeSize(0)
    return {
      durable: leading?.durable ?? published,
      published,
      pooled: this.#offers.size + (leading?.pooled ?? 0),
      waiting: this.#settlements.waiting,
      state: this.#state,
      frozen: this.#known !== 'active',
      compromised: this.#known === 'compromised',
      leads: leading !== undefined,
      delayed: this.#unread ?? leading?.delayed ?? null,
    }
  }

  started(): Promise<void> {
    return this.#started.promise
  }

  override async catchUp(): Promise<void> {
    if (this.#isFinal || this.#isLate || this.#unread !== null) return
    const seen = this.#advance().then(
      () => true,
      () => true, // the next round meets the same, and judges it
    )
    const late = Promise.withResolvers<false>()
    const cancel = this.#parts.clock.after(CATCH_UP_MS, () => late.resolve(false))
    this.#isLate = !(await Promise.race([seen, late.promise]))
    cancel()
    if (this.#isLate) void seen.then(() => (this.#isLate = false))
  }

  /** @throws TlogError NODE_FOLLOWS, naming the node that sequences this log: only there it can be ended. */
  async freeze(record: Parameters<Log['freeze']>[0]): Promise<Published> {
    this.#checkOpen()
    const log = this.#leader?.log ?? null
    if (log === null) throw await this.#notHere()
    const last = await log.freeze(record)
    this.#learn('frozen')
    return last
  }

  async close(): Promise<void> {
    if (this.#state === 'running') this.#state = 'closing'
    this.#leader?.close()
    this.#moved.wake()
    await this.#loops
    this.#settlements.fail(refusalOf(this.#state, false))
  }

  async #receipt(entry: Entry, hash: LeafHash, patience: Patience): Promise<Receipt> {
    const { known, ticket } = await this.#offers.add(entry, hash, patience)
    if (ticket !== null) this.#leader?.wake()
    const placing = ticket === null ? null : this.#settlements.placed(ticket, hash, patience)
    this.#moved.wake()
    const place = (await placing) ?? known
    if (place === null) throw this.#dropped()
    const published = await this.#settlements.covered(place.index, this.published(), patience)
    const path = await prove({ hash, index: place.index }, published, (ids) => this.nodes(ids))
    const { size, root, note } = published
    return { ...place, repeated: known !== null, size, root, path, note }
  }

  /** Until the end, and then until nobody waits any more: each caller gives up in its own time. */
  async #follow(): Promise<void> {
    const { clock, pollMs, idleMs } = this.#parts
    while (this.#state === 'running' || (this.#state === 'closing' && this.#isAwaited)) {
      await this.#round()
      await wakeOrAge(this.#moved, clock, this.#isAwaited && this.#unread === null ? pollMs : idleMs)
    }
  }

  get #isAwaited(): boolean {
    return this.#offers.size + this.#settlements.waiting > 0
  }

  async #round(): Promise<void> {
    try {
      this.#learn(await this.#parts.state())
      const hasEnded = this.#known !== 'active'
      await this.#settlements.place()
      await this.#advance()
      this.#isFinal = hasEnded
      this.#unread = null
    } catch (error) {
      if (!(error instanceof TlogError && error.code === 'STORE_UNAVAILABLE')) throw error
      const { clock, onDelayed } = this.#parts
      if (this.#unread === null) onDelayed(error)
      this.#unread ??= { since: clock.now(), reason: `${error.code}: ${error.message}` }
    }
  }

  async #seen(): Promise<void> {
    await this.#followed.advance()
    const published = this.published()
    if (published === null) return
    this.#settlements.answer(published)
    this.#started.resolve()
  }

  /** An end is for ever, whatever somebody remembers who asked before it. */
  #learn(state: MemberState): void {
    if (ENDS.indexOf(state) > ENDS.indexOf(this.#known)) this.#known = state
  }

  async #lead(): Promise<void> {
    if (this.#known !== 'compromised') await this.#leader?.run()
  }

  /** An entry that was taken, waits no more and is not in the tree: the log was ended meanwhile, and another may take it. */
  #dropped(): TlogError {
    return refusalOf('running', true)
  }

  async #notHere(): Promise<TlogError> {
    const holder = await this.#parts.lease.holder()
    const where = holder === null ? 'no node sequences this log now; try again shortly' : `ask the node ${holder}`
    return new TlogError('NODE_FOLLOWS', `this node does not sequence the log: ${where}`)
  }

  /** @throws TlogError LOG_FROZEN, LOG_CLOSED, LOG_FAILED */
  #checkOpen(): void {
    if (this.#state !== 'running' || this.#known !== 'active') throw refusalOf(this.#state, false)
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#leader?.close()
    this.#settlements.fail(refusalOf('failed', false))
    this.#moved.wake()
    this.#started.resolve()
    this.#parts.onFailure(error)
  }
}
