/**
 * Which characters of the source ran, and how often, by V8's own precise block coverage. Exact only without V8's optimizing
 * compilers, which inline functions and lose their counts; so they are turned off.
 */

import { Session } from 'node:inspector'
import { setFlagsFromString } from 'node:v8'

interface Taken {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly Range[] }[]
  }[]
}

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** For each character of a file one bit for each magnitude of its count that was ever seen. */
export class Coverage {
  readonly #session = new Session()
  readonly #seen = new Map<string, Uint8Array<ArrayBuffer>>()

  readonly #guide: string

  /** @param guide a part of the paths of the files that count */
  constructor(guide: string) {
    this.#guide = guide
    for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag)
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Files of which anything ran, as URLs. */
  get files(): readonly string[] {
    return [...this.#seen.keys()]
  }

  /** Characters that ran at least once. */
  get covered(): number {
    let sum = 0
    for (const seen of this.#seen.values()) for (const bits of seen) if (bits !== 0) sum += 1
    return sum
  }

  forget(): void {
    this.#seen.clear()
    this.take()
  }

  /** Whether anything ran since the last call that never ran before. Keeps nothing. */
  hasNew(): boolean {
    return this.#each(0, (seen, ran) => seen.some((bits, at) => ((ran[at] ?? 0) & ~spread(bits)) !== 0))
  }

  /** Whether anything ran since the last call in a magnitude of times that it never ran before; it then has. */
  take(): boolean {
    return this.#each(7, (seen, ran) => {
      let isNew = false
      ran.forEach((bits, at) => {
        const old = seen[at] ?? 0
        if ((bits & ~old) === 0) return
        seen[at] = old | bits
        isNew = true
      })
      return isNew
    })
  }

  close(): void {
    this.#session.disconnect()
  }

  /** Four characters at a time. */
  #each(magnitudes: number, look: (seen: Uint32Array, ran: Uint32Array) => boolean): boolean {
    let isNew = false
    for (const { url, functions } of (this.#post('Profiler.takePreciseCoverage') as Taken).result) {
      if (!url.includes(this.#guide)) continue
      const ranges = functions.flatMap((one) => one.ranges)
      const end = ranges.reduce((most, { endOffset }) => Math.max(most, endOffset), 0)
      const seen = grown(this.#seen.get(url), end)
      this.#seen.set(url, seen)
      if (look(new Uint32Array(seen.buffer), new Uint32Array(ranBits(ranges, seen.length, magnitudes).buffer)))
        isNew = true
    }
    return isNew
  }

  #post(method: string, params: object = {}): unknown {
    let answer: unknown
    this.#session.post(method, params, (error, result) => {
      if (error !== null) throw error
      answer = result
    })
    return answer
  }
}

/** Outer ranges first, so that inner ones have the last word. */
function ranBits(ranges: readonly Range[], length: number, magnitudes: number): Uint8Array<ArrayBuffer> {
  const ran = new Uint8Array(length)
  const sorted = ranges.toSorted((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  for (const { startOffset, endOffset, count } of sorted)
    ran.fill(count === 0 ? 0 : 1 << Math.min(magnitudes, 31 - Math.clz32(count)), startOffset, endOffset)
  return ran
}

/** Of four characters, the lowest bit of each that has any. */
function spread(bits: number): number {
  const half = bits | ((bits >>> 4) & 0x0f0f0f0f)
  const quarter = half | ((half >>> 2) & 0x03030303)
  return (quarter | (quarter >>> 1)) & 0x01010101
}

function grown(seen: Uint8Array<ArrayBuffer> | undefined, end: number): Uint8Array<ArrayBuffer> {
  if (seen !== undefined && seen.length >= end) return seen
  const longer = new Uint8Array(Math.ceil(end / 4) * 4)
  if (seen !== undefined) longer.set(seen)
  return longer
}
