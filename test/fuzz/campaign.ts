/** One target fuzzed: what runs something new is kept and changed again. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TlogError } from '../../src/kernel/error.ts'
import type { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Target } from './oracle.ts'
import type { Random } from './random.ts'

export interface Campaign {
  readonly target: Target
  readonly coverage: Coverage
  readonly random: Random
  readonly start: readonly Uint8Array[]
  readonly maxBytes: number
  /** Whether there is time left. */
  goOn(): boolean
  /** Called before each input. */
  about(input: Uint8Array): void
  found(input: Uint8Array, why: string): void
  readonly now: () => number
}

export interface Outcome {
  readonly inputs: number
  /** Of them, those that the parser took. */
  readonly accepted: number
  /** Those that run something that no shorter one runs. */
  readonly corpus: readonly Uint8Array[]
}

/** Taking the coverage costs as much as a hundred short inputs, so it is taken of many at once. */
const BATCH = 256
/** A parser that takes longer for so short an input has a bad order of growth. */
const SLOW_MS = 1000

export function play(campaign: Campaign): Outcome {
  const { coverage, random, target } = campaign
  const totals = { inputs: 0, accepted: 0 }
  const attempt = (input: Uint8Array) => {
    totals.inputs += 1
    if (tryOne(campaign, input)) totals.accepted += 1
  }
  const corpus = minimal([...campaign.start, ...target.seeds()], attempt, coverage)
  const words = wordsOf(coverage.files)
  const fresh = () => mutate(random.pick(corpus), { random, corpus, words, maxBytes: campaign.maxBytes })
  const search = (inputs: readonly Uint8Array[]): void => {
    inputs.forEach(attempt)
    const [only, second] = inputs
    if (only !== undefined && second === undefined && coverage.take()) corpus.push(only)
    if (second === undefined || !coverage.hasNew()) return
    const middle = inputs.length >> 1
    search(inputs.slice(0, middle))
    search(inputs.slice(middle))
  }
  while (campaign.goOn()) {
    search(Array.from({ length: BATCH }, fresh))
    search([fresh()]) // by itself: only so do counts of its own show
  }
  coverage.forget()
  return { ...totals, corpus: minimal(corpus, attempt, coverage) }
}

/** Shortest first, each that adds something. */
function minimal(
  inputs: readonly Uint8Array[],
  attempt: (input: Uint8Array) => void,
  coverage: Coverage,
): Uint8Array[] {
  coverage.take()
  return inputs
    .toSorted((a, b) => a.length - b.length)
    .filter((input) => {
      attempt(input)
      return coverage.take()
    })
}

/** Whether the input was accepted. */
function tryOne(campaign: Campaign, input: Uint8Array): boolean {
  campaign.about(input)
  const begun = campaign.now()
  const why = faultOf(campaign.target, input)
  if (why !== null && why !== '') campaign.found(smaller(campaign.target, input, why), why)
  if (campaign.now() - begun > SLOW_MS && isSlow(campaign, input)) campaign.found(input, `over ${SLOW_MS} ms`)
  return why === null
}

/** Once more: the machine may have been busy. */
function isSlow({ target, now }: Campaign, input: Uint8Array): boolean {
  const begun = now()
  faultOf(target, input)
  return now() - begun > SLOW_MS
}

/** Null when accepted, empty when refused, else what is wrong and where. */
export function faultOf(target: Target, input: Uint8Array): string | null {
  try {
    target.run(input.slice())
    return null
  } catch (error) {
    if (error instanceof TlogError) return ''
    if (!(error instanceof Error)) return `threw ${String(error)}`
    return `${error.message.slice(0, 200)}\n${(error.stack ?? '').split('\n').find((line) => line.includes('/src/')) ?? ''}`
  }
}

/** The same fault in fewer bytes: parts of halving length are left out. */
function smaller(target: Target, input: Uint8Array, why: string): Uint8Array {
  let best = input
  for (let length = best.length >> 1; length > 0; length >>= 1)
    for (let at = 0; at + length <= best.length; ) {
      const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + length)])
      if (faultOf(target, shorter) === why) best = shorter
      else at += length
    }
  return best
}

/** Literals of the source that runs: the words that a parser compares with. */
function wordsOf(files: readonly string[]): string[] {
  const literals = files.flatMap((file) => [
    ...readFileSync(fileURLToPath(file), 'utf8').matchAll(/'([^'\n\\]{2,64})'/g),
  ])
  return [...new Set(literals.map(([, literal = '']) => literal))].filter(
    (one) => !one.includes('.ts') && !one.includes('  '),
  )
}
