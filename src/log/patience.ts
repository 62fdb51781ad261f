/** A caller that waits for something until it gives up. */

import { TlogError } from '../kernel/error.ts'
import type { Clock } from './ports.ts'

export interface Patience {
  /** Called once when it is over. Whoever keeps the waiter sets this to forget it, or an outage would fill the memory. */
  giveUp: () => void
}

export function patience(): Patience {
  return { giveUp: () => undefined }
}

/**
 * What `work` resolves with, unless the wait is over before.
 * @throws TlogError LOG_BUSY after `ms`; whatever `work` throws.
 */
export function inTime<T>(clock: Clock, ms: number, work: (wait: Patience) => Promise<T>): Promise<T> {
  const wait = patience()
  return new Promise((resolve, reject) => {
    const late = () => {
      wait.giveUp()
      reject(new TlogError('LOG_BUSY', 'no checkpoint covered the entry in time; offer it again for its receipt'))
    }
    const cancel = clock.after(ms, late)
    work(wait).then(resolve, reject).finally(cancel)
  })
}
