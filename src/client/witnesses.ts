/**
 * The witnesses of a policy, asked for each checkpoint of a log before anybody sees it. All at once, and no longer than the
 * quorum takes; who is slow or gone is asked again with the next one.
 */

import { RENEW_MS } from '../formats/c2sp/cosignature.ts'
import type { Note } from '../formats/c2sp/note.ts'
import { isQuorum, type Policy } from '../formats/c2sp/policy.ts'
import { type TreeSize, treeSize } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import type { VerifyMlDsa44 } from '../verify/ports.ts'
import { type AskedServer, addCheckpoint, type Cosignable, type Submit, withLines } from './add-checkpoint.ts'

export interface WitnessingParts {
  /** With a URL for each witness, and a quorum. */
  readonly policy: Policy
  readonly submit: Submit
  readonly mlDsa44: VerifyMlDsa44 | null
}

/** One server of the policy, as a log knows it. It takes one checkpoint of a log at a time. */
interface Lane {
  readonly server: AskedServer
  known: TreeSize
  /** Ends when it has answered what it was asked last. */
  turn: Promise<void>
  /** What it has against the log's history, until it cosigns again. */
  conflict: TlogError | null
}

/** What a log's port wants. */
export interface AskedWitnesses {
  readonly renewMs: number
  /**
   * The note with the witnesses' lines after the log's own, in the policy's order.
   * @throws TlogError WITNESS_REFUSED, QUORUM_MISSED
   */
  cosign(head: Cosignable): Promise<Uint8Array>
}

/** For one log. */
export function askWitnesses({ policy, submit, mlDsa44 }: WitnessingParts): AskedWitnesses {
  const lanes = serversOf(policy).map((server): Lane => {
    return { server, known: treeSize(0), turn: Promise.resolve(), conflict: null }
  })
  return {
    renewMs: RENEW_MS,
    cosign: (head) =>
      new Round(policy, head, (lane) => addCheckpoint(lane.server, head, lane.known, { submit, mlDsa44 })).run(lanes),
  }
}

/** Keys at one address are one server, which answers for all of them at once. */
export function serversOf({ witnesses }: Policy): AskedServer[] {
  const servers = new Map<string, AskedServer['witnesses']>()
  for (const witness of witnesses)
    if (witness.url !== undefined) servers.set(witness.url, [...(servers.get(witness.url) ?? []), witness])
  return [...servers].map(([url, found]) => ({ url, witnesses: found }))
}

class Round {
  readonly #policy: Policy
  readonly #head: Cosignable
  readonly #ask: (lane: Lane) => ReturnType<typeof addCheckpoint>
  readonly #lines = new Map<string, Note['signatures']>()
  readonly #faults: string[] = []
  readonly #over = Promise.withResolvers<void>()
  #isOver = false

  constructor(policy: Policy, head: Cosignable, ask: (lane: Lane) => ReturnType<typeof addCheckpoint>) {
    this.#policy = policy
    this.#head = head
    this.#ask = ask
  }

  /** @throws TlogError WITNESS_REFUSED, QUORUM_MISSED */
  async run(lanes: readonly Lane[]): Promise<Uint8Array> {
    const asked = lanes.map((lane) => {
      lane.turn = lane.turn.then(() => this.#take(lane))
      return lane.turn.then(() => this.#settle(lanes))
    })
    await Promise.race([this.#over.promise, Promise.all(asked)])
    this.#isOver = true
    const conflict = lanes.find((lane) => lane.conflict !== null)?.conflict ?? null
    if (conflict !== null) throw conflict
    if (!this.#hasQuorum()) throw this.#missed()
    return withLines(
      this.#head.note,
      this.#policy.witnesses.flatMap(({ name }) => this.#lines.get(name) ?? []),
    )
  }

  /** What comes after the round's end still tells what the server knows. */
  async #take(lane: Lane): Promise<void> {
    if (this.#isOver) return
    try {
      for (const [name, lines] of await this.#ask(lane)) this.#lines.set(name, lines)
      lane.known = this.#head.size
      lane.conflict = null
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      if (error.code === 'WITNESS_REFUSED') lane.conflict = error
      this.#faults.push(error.message)
    }
  }

  /** Nobody who had something against the log may be left out because others were quicker. */
  #settle(lanes: readonly Lane[]): void {
    if (this.#hasQuorum() && lanes.every(({ conflict }) => conflict === null)) this.#over.resolve()
  }

  #hasQuorum(): boolean {
    return isQuorum(this.#policy, new Set(this.#lines.keys()))
  }

  #missed(): TlogError {
    const cosigned = [...this.#lines.keys()].join(', ') || 'nobody'
    const why = this.#faults.length === 0 ? '' : `; ${this.#faults.join('; ')}`
    return new TlogError('QUORUM_MISSED', `cosigned: ${cosigned}; asked for: ${this.#policy.quorum}${why}`)
  }
}
