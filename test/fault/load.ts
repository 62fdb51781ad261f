/** Clients that never give up: they write, repeat, read checkpoints, and hand everything they hear to the checker. */

import { createHash } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, post, signedEnvelope, signedRequest } from '../e2e/fill.ts'
import type { Checker } from './checker.ts'

/** An entry that a client wants logged. */
export interface Wish {
  readonly body: string
  /** What must stand in the tree for it. */
  readonly leaf: Uint8Array
  /** The same leaf, asked for with what was signed: once that is acknowledged, the log keeps the content. */
  readonly envelope?: { readonly body: string; readonly digest: Uint8Array }
}

/** Uniform in [0, 1); the same numbers for the same seed. */
export type Random = () => number

export function createRandom(seed: string): Random {
  let turn = 0
  return () => createHash('sha256').update(`${seed}/${turn++}`).digest().readUInt32BE() / 2 ** 32
}

export const CLIENTS = 50
/** In place of a status: the connection ended without an answer. */
export const CUT = 0
/** Of the wishes: answered before, and cut off before. The rest are new. */
const REPEATED = 0.1
const RETRIED = 0.5
/** Of the new wishes those with an envelope, and of their requests those that send it. */
const ENVELOPES = 0.25
const WHOLE = 0.5
/** Answered wishes that stay at hand to be repeated. */
const REMEMBERED = 1000
const POLL_MS = 15
const PATIENCE_MS = 60_000

export class Load {
  /** Wishes without a receipt: refused, or cut off with an outcome that nobody knows. */
  unresolved: Wish[] = []
  readonly #checker: Checker
  readonly #random: Random
  readonly #answered: Wish[] = []
  readonly #listeners: (() => void)[] = []

  constructor(checker: Checker, random: Random) {
    this.#checker = checker
    this.#random = random
  }

  wish(): Wish {
    const wish = this.#random() < ENVELOPES ? envelopeWish() : digestWish()
    this.#checker.offered(wish.leaf)
    return wish
  }

  /** `clients` write until `until` fires; each of them ends when it is cut off. */
  async write(url: string, until: AbortSignal, clients = CLIENTS, observer = ''): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: clients })
    const writers = Array.from({ length: clients }, async () => {
      while (!until.aborted) if ((await this.#offer(url, this.#next(), agent)) === CUT) return
    })
    const over = new AbortController()
    const watching = this.#watch(url, over.signal, observer)
    await Promise.all(writers)
    over.abort()
    await watching
    agent.destroy()
  }

  /** Resolves when the next request has its answer, or is cut off. */
  answered(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  /** The same wish `times` times at once, each over a connection of its own. Returns the statuses, CUT where there is no answer. */
  async offer(url: string, wish: Wish, times = 1): Promise<number[]> {
    const agent = new Agent()
    const statuses = await Promise.all(Array.from({ length: times }, () => this.#offer(url, wish, agent)))
    agent.destroy()
    return statuses
  }

  /** An entry that has its receipt already. */
  async repeat(url: string): Promise<void> {
    const known = this.#answered[this.#at(this.#answered.length)]
    if (known !== undefined) await this.offer(url, known)
  }

  /** `count` new entries, all of them acknowledged. */
  async fill(url: string, count: number): Promise<void> {
    this.unresolved.push(...Array.from({ length: count }, () => this.wish()))
    await this.settle(url)
  }

  /** Offers what is unresolved until nothing is. A server that runs has no reason to leave anything so. */
  async settle(url: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
    const deadline = performance.now() + PATIENCE_MS + this.unresolved.length * 10
    const clients = Array.from({ length: CLIENTS }, async () => {
      for (let wish = this.unresolved.pop(); wish !== undefined; wish = this.unresolved.pop()) {
        const status = await this.#offer(url, wish, agent)
        if (status === CUT || performance.now() > deadline) return
      }
    })
    await Promise.all(clients)
    agent.destroy()
    if (this.unresolved.length > 0) this.#checker.report(`${this.unresolved.length} entries get no receipt`)
  }

  #next(): Wish {
    const retry = this.#random() < RETRIED ? this.unresolved.pop() : undefined
    if (retry !== undefined) return retry
    const repeat = this.#random() < REPEATED ? this.#answered[this.#at(this.#answered.length)] : undefined
    return repeat ?? this.wish()
  }

  /** Takes the answer to a wish, however it was sent; null when there was none. Returns its status. */
  take(wish: Wish, answer: Answer | null): number {
    for (const listener of this.#listeners.splice(0)) listener()
    if (answer?.status === 201) {
      this.#checker.receipt(wish.leaf, answer.body)
      this.#remember(wish)
      return 201
    }
    this.unresolved.unshift(wish)
    if (answer !== null && answer.status !== 503) this.#checker.report(`POST: ${answer.status} ${answer.body}`)
    return answer?.status ?? CUT
  }

  async #offer(url: string, wish: Wish, agent: Agent): Promise<number> {
    const whole = this.#random() < WHOLE ? wish.envelope : undefined
    const status = this.take(wish, await post(url, whole?.body ?? wish.body, agent).catch(() => null))
    if (status === 201 && whole !== undefined) this.#checker.kept(whole.digest)
    if (status === 503) await sleep(POLL_MS)
    return status
  }

  /** One observer, who sees checkpoints in the order in which they are shown. */
  async #watch(url: string, until: AbortSignal, observer: string): Promise<void> {
    while (!until.aborted) {
      const note = await fetch(`${url}/checkpoint`)
        .then(
          async (answer) => (answer.status === 200 ? new Uint8Array(await answer.arrayBuffer()) : null),
          () => null, // the server is gone, perhaps in the middle of it
        )
        .catch(() => null)
      if (note !== null) this.#checker.checkpoint(note, observer)
      await sleep(POLL_MS)
    }
  }

  #remember(wish: Wish): void {
    if (this.#answered.length < REMEMBERED) this.#answered.push(wish)
    else this.#answered[this.#at(REMEMBERED)] = wish
  }

  #at(length: number): number {
    return Math.floor(this.#random() * length)
  }
}

function digestWish(): Wish {
  const { body } = signedRequest()
  return { body, leaf: leafOf(body) }
}

function envelopeWish(): Wish {
  const { body, envelope, digest } = signedEnvelope()
  return { body, leaf: leafOf(body), envelope: { body: envelope, digest: Buffer.from(digest, 'base64') } }
}

/** The canonical body that must be logged for a request, spelled here on its own: keys in the order of RFC 8785. */
function leafOf(body: string): Uint8Array {
  const { digest, signature } = (JSON.parse(body) as { hashedRekordRequestV002: RequestFields }).hashedRekordRequestV002
  const { content, verifier } = signature
  const { keyDetails, publicKey } = verifier
  const hashedRekordV002 = {
    data: { algorithm: 'SHA2_256', digest },
    signature: { content, verifier: { keyDetails, publicKey } },
  }
  return Buffer.from(JSON.stringify({ apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002 } }))
}

interface RequestFields {
  readonly digest: string
  readonly signature: {
    readonly content: string
    readonly verifier: { readonly keyDetails: string; readonly publicKey: { readonly rawBytes: string } }
  }
}
