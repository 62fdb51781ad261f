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

export async function play(campaign: Campaign): Promise<Outcome> {
  const { coverage, random, target } = campaign
  const totals = { inputs: 0, accepted: 0 }
  const attempt = async (input: Uint8Array) => {
    totals.inputs += 1
    if (await tryOne(campaign, input)) totals.accepted += 1
  }
  const corpus = await minimal([...campaign.start, ...target.seeds()], attempt, coverage)
  const words = wordsOf(coverage.files)
  const fresh = () => mutate(random.pick(corpus), { random, corpus, words, maxBytes: campaign.maxBytes })
  const search = async (inputs: readonly Uint8Array[]): Promise<void> => {
    for (const input of inputs) await attempt(input)
    const [only, second] = inputs
    if (only !== undefined && second === undefined && coverage.take()) corpus.push(only)
    if (second === undefined || !coverage.hasNew()) return
    const middle = inputs.length >> 1
    await search(inputs.slice(0, middle))
    await search(inputs.slice(middle))
  }
  while (campaign.goOn()) {
    await search(Array.from({ length: BATCH }, fresh))
    await search([fresh()]) // by itself: only so do counts of its own show
  }
  coverage.forget()
  return { ...totals, corpus: await minimal(corpus, attempt, coverage) }
}

/** Shortest first, each that adds something. */
async function minimal(
  inputs: readonly Uint8Array[],
  attempt: (input: Uint8Array) => Promise<void>,
  coverage: Coverage,
): Promise<Uint8Array[]> {
  coverage.take()
  const kept: Uint8Array[] = []
  for (const input of inputs.toSorted((a, b) => a.length - b.length)) {
    await attempt(input)
    if (coverage.take()) kept.push(input)
  }
  return kept
}

/** Whether the input was accepted. */
async function tryOne(campaign: Campaign, input: Uint8Array): Promise<boolean> {
  campaign.about(input)
  const begun = campaign.now()
  const why = await faultOf(campaign.target, input)
  if (why !== null && why !== '') campaign.found(await smaller(campaign.target, input, why), why)
  if (campaign.now() - begun > SLOW_MS && (await isSlow(campaign, input))) campaign.found(input, `over ${SLOW_MS} ms`)
  return why === null
}

/** Once more: the machine may have been busy. */
async function isSlow({ target, now }: Campaign, input: Uint8Array): Promise<boolean> {
  const begun = now()
  await faultOf(target, input)
  return now() - begun > SLOW_MS
}

/** Null when accepted, empty when refused, else what is wrong and where. */
export async function faultOf(target: Target, input: Uint8Array): Promise<string | null> {
  try {
    await target.run(input.slice())
    return null
  } catch (error) {
    if (error instanceof TlogError) return ''
    if (!(error instanceof Error)) return `threw ${String(error)}`
    return `${error.message.slice(0, 200)}\n${(error.stack ?? '').split('\n').find((line) => line.includes('/src/')) ?? ''}`
  }
}

/** The same fault in fewer bytes: parts of halving length are left out. */
async function smaller(target: Target, input: Uint8Array, why: string): Promise<Uint8Array> {
  let best = input
  for (let length = best.length >> 1; length > 0; length >>= 1)
    for (let at = 0; at + length <= best.length; ) {
      const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + length)])
      if ((await faultOf(target, shorter)) === why) best = shorter
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
