/** How fast a loop may go. */

import type { Clock } from './ports.ts'
import type { Signal } from './signal.ts'

/** Runs one round of a loop, and holds the next one back. */
export type Pace = (round: () => Promise<void>) => Promise<void>

/** At once when idle, and at most one round every `intervalMs` under load; no pause any more once `hurried`. */
export function createPace(clock: Clock, intervalMs: number, hurried: () => boolean): Pace {
  return async (round) => {
    const pause = sleep(clock, intervalMs)
    await round()
    if (!hurried()) await pause
  }
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}

/** Until the signal, or until `ms` have passed without it. Returns whether it was the time; null: it never is. */
export async function wakeOrAge(signal: Signal, clock: Clock, ms: number | null): Promise<boolean> {
  let isOld = false
  const age = () => {
    isOld = true
    signal.wake()
  }
  const cancel = ms === null ? () => undefined : clock.after(ms, age)
  await signal.wait()
  cancel()
  return isOld
}
