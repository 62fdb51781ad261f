/** The journey of a batch, in its order. Each name says what has just become true. */

export const STEPS = [
  'taken', // out of the pool, in flight
  'sealed', // hashed into the edge, in memory only
  'appended', // durable in the store
  'settled', // every entry of the batch knows its place
  'ratcheted', // the signer remembers the head
  'signed', // the note exists, with its cosignatures, in memory only
  'published', // durable and visible
  'answered', // every waiter that the checkpoint covers has been woken
] as const

/** What happens to a log itself, in its order. */
export const LIFE = [
  'created', // keys, ratchet and row are durable; nobody was told
  'opened', // it has a checkpoint, and is served
  'ending', // it takes nothing new
  'drained', // what it had taken is durable and public: its final checkpoint
  'frozen', // durable, for ever
] as const

export type Step = (typeof STEPS)[number] | (typeof LIFE)[number]

export interface StepDetail {
  readonly entries: number
  readonly size: number
}

/** Called in line: metrics count here, and the fault tests end the process here. Must not throw. */
export type OnStep = (step: Step, detail: StepDetail) => void
