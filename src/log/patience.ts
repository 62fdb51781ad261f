/** A caller that waits for something until it gives up. */

export interface Patience {
  /** Called once when it is over. Whoever keeps the waiter sets this to forget it, or an outage would fill the memory. */
  giveUp: () => void
}

export function patience(): Patience {
  return { giveUp: () => undefined }
}
