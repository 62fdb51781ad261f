/**
 * The witnesses of a policy, asked for each checkpoint of a log before anybody sees it. All at once, and no longer than the
 * quorum takes; who is slow or gone is asked again with the next one. The next checkpoint may set out before this one is back.
 */

import { RENEW_MS } from '../formats/c2sp/cosignature.ts'
import type { Note } from '../formats/c2sp/note.ts'
import { isQuorum, type Policy } from '../formats/c2sp/policy.ts'
import { type TreeSize, treeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { VerifyMlDsa44 } from '../verify/ports.ts'
import { type AskedServer, addCheckpoint, type Cosignable, type Submit, withLines } from './add-checkpoint.ts'

/** What had come of a witness by the end of a round: it is late when the round did not wait for it. */
export type WitnessOutcome = 'cosigned' | 'failed' | 'refused' | 'late'

/** For who counts; must not throw. Witnesses by their names in the policy. */
export interface RoundWatch {
  /** Its server has answered or given up, in time or late. */
  answered(witness: string, seconds: number): void
  ended(round: EndedRound): void
}

export interface EndedRound {
  readonly outcome: 'quorum' | 'missed' | 'refused'
  readonly seconds: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly witnesses: ReadonlyMap<string, WitnessOutcome>
}

export interface WitnessingParts {
  /** With a URL for each witness, and a quorum. */
  readonly policy: Policy
  readonly submit: Submit
  readonly mlDsa44: VerifyMlDsa44 | null
  /** In milliseconds. */
  readonly now: () => number
  readonly watch: RoundWatch
}

const NONE = treeSize(0)
/** Checkpoints of a log that a server is given at a time. */
const AT_ONCE = 2

/** One server of the policy, as a log knows it. */
interface Lane {
  readonly server: AskedServer
  /** The size that it has cosigned for certain. */
  known: TreeSize
  /** What it will know if all goes well with what it is looking at. */
  expected: TreeSize
  /** The largest that it was ever given. */
  largest: TreeSize
  /** It was asked, and has answered or was waited for in vain. Not so while it names a size that it was not heard to cosign. */
  heard: boolean
  /** The answer to the largest. */
  newest: Promise<unknown>
  /** The last questions, AT_ONCE of them: each ends when it is answered. The next follows the first of them. */
  readonly turns: Promise<void>[]
  /** What it has against the log's history, until it cosigns again. */
  conflict: TlogError | null
}

/** What a log's port wants. */
export interface AskedWitnesses {
  readonly renewMs: number
  readonly atOnce: number
  /**
   * The note with the witnesses' lines after the log's own, in the policy's order.
   * @throws TlogError WITNESS_REFUSED, QUORUM_MISSED
   */
  cosign(head: Cosignable): Promise<Uint8Array>
}

/** For one log. */
export function askWitnesses(parts: WitnessingParts): AskedWitnesses {
  const { policy } = parts
  const lanes = serversOf(policy).map((server): Lane => {
    const turns = Array.from({ length: AT_ONCE }, () => Promise.resolve())
    const sizes = { known: NONE, expected: NONE, largest: NONE }
    return { server, ...sizes, heard: false, newest: Promise.resolve(), turns, conflict: null }
  })
  let largest = NONE
  return {
    renewMs: RENEW_MS,
    atOnce: AT_ONCE,
    cosign: (head) => {
      largest = max(largest, head.size)
      return new Round(parts, head, () => largest).run(lanes)
    },
  }
}

/** Keys at one address are one server, which answers for all of them at once. */
export function serversOf({ witnesses }: Policy): AskedServer[] {
  const servers = new Map<string, AskedServer['witnesses']>()
  for (const witness of witnesses) {
    const url = witness.url?.replace(/\/+$/, '')
    if (url !== undefined) servers.set(url, [...(servers.get(url) ?? []), witness])
  }
  return [...servers].map(([url, found]) => ({ url, witnesses: found }))
}

class Round {
  readonly #parts: WitnessingParts
  readonly #head: Cosignable
  readonly #largest: () => TreeSize
  readonly #began: number
  readonly #lines = new Map<string, Note['signatures']>()
  readonly #outcomes = new Map<string, WitnessOutcome>()
  readonly #faults: string[] = []
  readonly #over = Promise.withResolvers<void>()
  #isOver = false

  constructor(parts: WitnessingParts, head: Cosignable, largest: () => TreeSize) {
    this.#parts = parts
    this.#head = head
    this.#largest = largest
    this.#began = parts.now()
  }

  /** @throws TlogError WITNESS_REFUSED, QUORUM_MISSED */
  async run(lanes: readonly Lane[]): Promise<Uint8Array> {
    const asked = lanes.map((lane) => {
      const turn = (lane.turns.shift() ?? Promise.resolve()).then(() => this.#take(lane))
      lane.turns.push(turn)
      return turn.then(() => this.#settle(lanes))
    })
    await Promise.race([this.#over.promise, Promise.all(asked)])
    this.#isOver = true
    const conflict = lanes.find((lane) => lane.conflict !== null)?.conflict ?? null
    const isEnough = this.#hasQuorum() && lanes.every(({ heard }) => heard)
    this.#tell(conflict !== null ? 'refused' : isEnough ? 'quorum' : 'missed')
    if (conflict !== null) throw conflict
    if (!isEnough) throw this.#missed()
    return withLines(
      this.#head.note,
      this.#parts.policy.witnesses.flatMap(({ name }) => this.#lines.get(name) ?? []),
    )
  }

  /** What comes after the round's end still tells what the server knows. A server is given no head after a larger one. */
  async #take(lane: Lane): Promise<void> {
    const { now, watch } = this.#parts
    const [head, names, asked] = [this.#head, lane.server.witnesses.map(({ name }) => name), now()]
    if (this.#isOver || head.size < lane.largest) return
    let outcome: WitnessOutcome = 'failed' // also of a key that did not sign where another of its server did
    let named = NONE
    const overtaken = (size: TreeSize) => {
      named = size
    }
    const old = lane.expected
    lane.expected = lane.largest = head.size
    const answer = addCheckpoint(lane.server, head, { old, largest: this.#largest, overtaken }, this.#parts)
    lane.newest = answer.catch(() => undefined)
    try {
      const found = await answer
      for (const [name, lines] of found) this.#lines.set(name, lines)
      lane.known = max(lane.known, head.size)
      lane.conflict = null
    } catch (error) {
      if (lane.expected === head.size) lane.expected = lane.known
      if (!(error instanceof TlogError)) throw error
      if (error.code === 'WITNESS_REFUSED') {
        lane.conflict = error
        outcome = 'refused'
      }
      this.#faults.push(error.message)
    }
    if (named > lane.known && head.size < lane.largest) await lane.newest
    else lane.heard = named <= lane.known
    for (const name of names) {
      watch.answered(name, secondsFrom(asked, now()))
      this.#outcomes.set(name, this.#lines.has(name) ? 'cosigned' : outcome)
    }
  }

  #tell(outcome: EndedRound['outcome']): void {
    const { policy, now, watch } = this.#parts
    const witnesses = policy.witnesses.map(({ name }) => [name, this.#outcomes.get(name) ?? 'late'] as const)
    const at = now()
    watch.ended({ outcome, seconds: secondsFrom(this.#began, at), at, witnesses: new Map(witnesses) })
  }

  /**
   * Nobody who had something against the log may be left out because others were quicker: neither who has it now, nor, at
   * the start, who has not been heard yet. A database that was put back together with its ratchet is told from them alone.
   */
  #settle(lanes: readonly Lane[]): void {
    if (this.#hasQuorum() && lanes.every(({ conflict, heard }) => conflict === null && heard)) this.#over.resolve()
  }

  #hasQuorum(): boolean {
    return isQuorum(this.#parts.policy, new Set(this.#lines.keys()))
  }

  #missed(): TlogError {
    const cosigned = [...this.#lines.keys()].join(', ') || 'nobody'
    const why = this.#faults.length === 0 ? '' : `; ${this.#faults.join('; ')}`
    return new TlogError('QUORUM_MISSED', `cosigned: ${cosigned}; asked for: ${this.#parts.policy.quorum}${why}`)
  }
}

function max(a: TreeSize, b: TreeSize): TreeSize {
  return a > b ? a : b
}

/** A clock that was set back took no time. */
function secondsFrom(beganMs: number, endedMs: number): number {
  return Math.max(0, endedMs - beganMs) / 1000
}
