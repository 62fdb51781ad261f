/** A sleeper and its wakers. A wake that comes before the wait is not lost; several before one wait count once. */

export interface Signal {
  wake(): void
  wait(): Promise<void>
}

export function createSignal(): Signal {
  let raised = false
  let release: (() => void) | undefined
  return {
    wake() {
      raised = true
      release?.()
    },
    async wait() {
      if (!raised) await new Promise<void>((resolve) => (release = resolve))
      raised = false
      release = undefined
    },
  }
}
