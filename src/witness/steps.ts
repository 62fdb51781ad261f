/** The journey of a checkpoint through a witness, in its order. Each name says what has just become true. */

export const WITNESS_STEPS = [
  'verified', // the log signed it, and it goes on from the stored head
  'cosigned', // our lines exist, in memory only
  'stored', // durable: from here on nothing smaller, and nothing else of this size
] as const

export type WitnessStep = (typeof WITNESS_STEPS)[number]

/** Called in line: the fault tests end the process here. Must not throw. */
export type OnWitnessStep = (step: WitnessStep, detail: { readonly entries: number; readonly size: number }) => void

/** What came of a request that a log's own key, or the witness's, has signed. For who counts; must not throw. */
export interface WitnessWatch {
  cosigned(origin: string, kind: 'growth' | 'refresh' | 'subtree'): void
  /** Not cosigned: above the log's rate. */
  limited(origin: string, kind: 'growth' | 'refresh'): void
  /** Not cosigned: the log signed two roots of one size. Both notes are evidence that anybody can check. */
  forked(origin: string, cosigned: Uint8Array, other: Uint8Array): void
}
