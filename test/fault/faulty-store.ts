/**
 * A proxy before an S3 server, that answers as stores do on a bad day: says no, says nothing, hangs up, whatever became of what
 * was asked. What it passes on goes as it came, signature and all.
 */

import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './load.ts'

/** Whether a request reaches the store, and after how long; and what is said of it. Silence ends when the client hangs up. */
interface Fault {
  readonly landsAfterMs: number | null
  readonly answer: 500 | 503 | 'silence' | 'cut'
}

/** Longer than our client waits for an answer: it lands when nobody expects it any more. */
const LATE_MS = 6000

const FAULTS: readonly Fault[] = [
  { landsAfterMs: null, answer: 500 },
  { landsAfterMs: null, answer: 503 },
  { landsAfterMs: null, answer: 'silence' },
  { landsAfterMs: null, answer: 'cut' },
  { landsAfterMs: 0, answer: 500 },
  { landsAfterMs: 0, answer: 'silence' },
  { landsAfterMs: 0, answer: 'cut' },
  { landsAfterMs: LATE_MS, answer: 'silence' },
]
/** Of the requests in a storm. */
const SHARE = 0.7

export class FaultyStore {
  url = ''
  /** Requests that met a fault. */
  faults = 0
  readonly #target: string
  readonly #agent = new Agent({ keepAlive: true })
  readonly #server = createServer((asked, answer) => void this.#take(asked, answer))
  /** Requests that land when their clients have gone. */
  readonly #late = new Set<Promise<unknown>>()
  #random: Random | null = null

  private constructor(target: string) {
    this.#target = target
  }

  static async before(target: string): Promise<FaultyStore> {
    const store = new FaultyStore(target)
    await store.accept()
    return store
  }

  /** From now on most requests meet a fault; null: none does. */
  storm(random: Random | null): void {
    this.#random = random
  }

  /** Nobody listens any more. */
  async refuse(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** At the same address as before. */
  async accept(): Promise<void> {
    this.#server.listen(this.url === '' ? 0 : Number(new URL(this.url).port), '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Once nothing that was asked for can land any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#late)
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse()
    await this.settle()
    this.#agent.destroy()
  }

  async #take(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await collect(asked).catch(() => null)
    if (body === null) return // the client is gone
    const fault = this.#fault()
    if (fault === null) return await this.#pass(asked, body, answer)
    this.faults++
    if (fault.landsAfterMs !== null) await this.#land(asked, body, fault.landsAfterMs)
    if (fault.answer === 'cut') answer.destroy()
    else if (fault.answer !== 'silence') answer.writeHead(fault.answer).end()
  }

  #fault(): Fault | null {
    const random = this.#random
    if (random === null || random() >= SHARE) return null
    return FAULTS[Math.floor(random() * FAULTS.length)] ?? null
  }

  async #land(asked: IncomingMessage, body: Buffer, afterMs: number): Promise<void> {
    const landing = sleep(afterMs)
      .then(() => this.#ask(asked, body))
      .then(collect)
      .catch(() => undefined)
    this.#late.add(landing)
    await landing
    this.#late.delete(landing)
  }

  async #pass(asked: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    try {
      const found = await this.#ask(asked, body)
      answer.writeHead(found.statusCode ?? 502, found.headers)
      answer.end(await collect(found))
    } catch {
      answer.destroy()
    }
  }

  async #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const onward = request(`${this.#target}${url}`, { method: method ?? 'GET', headers, agent: this.#agent })
    onward.end(body)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    return answer
  }
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
