/** How long a fleet logs nothing after a fault. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Checker } from './checker.ts'
import { type Node, STUCK_MS } from './fleet.ts'
import { CUT, type Load } from './load.ts'

/** Writes that come back later than this are to be explained. */
const LONG_MS = 5000

interface ResumesParts {
  readonly load: Load
  readonly checker: Checker
}

export class Resumes<After extends string> {
  readonly #parts: ResumesParts
  readonly #times = new Map<After, number[]>()
  #turn = 0

  constructor(parts: ResumesParts) {
    this.#parts = parts
  }

  /** Until a new entry has its receipt, from whichever of them; asked anew at each try. In words. */
  async timed(after: After, nodes: () => readonly Node[]): Promise<string> {
    const before = performance.now()
    const answers = await this.#resumed(nodes)
    const ms = Math.round(performance.now() - before)
    this.#times.set(after, [...(this.#times.get(after) ?? []), ms])
    return `writes after ${ms} ms${ms > LONG_MS ? ` (${answers.join(', ')})` : ''}`
  }

  inWords(after: After): string {
    const sorted = (this.#times.get(after) ?? []).toSorted((a, b) => a - b)
    return `${sorted[sorted.length >> 1] ?? '-'} ms at the median and ${sorted.at(-1) ?? '-'} at most (of ${sorted.length})`
  }

  /** What was answered on the way. */
  async #resumed(nodes: () => readonly Node[]): Promise<readonly string[]> {
    const { load, checker } = this.#parts
    const answers: string[] = []
    for (const before = performance.now(); performance.now() - before < STUCK_MS; ) {
      const asked = nodes()
      const node = asked[this.#turn++ % Math.max(1, asked.length)]
      const [status] = node?.server ? await load.offer(node.server.url, load.wish()) : []
      if (status === undefined || status === CUT) await sleep(20)
      if (status !== undefined) answers.push(`${node?.name} ${status} at ${Math.round(performance.now() - before)} ms`)
      if (status === 201) return answers
    }
    checker.report(`writes did not resume: ${answers.slice(-9).join(', ')}`)
    return answers
  }
}
