/** Prunes beside a lead, round after round. Nobody waits for it, and nothing that goes wrong with it stops the log. */

import type { TreeSize } from '../../kernel/brand.ts'
import { TlogError } from '../../kernel/error.ts'
import type { ReadResource } from '../copy.ts'
import { sleep, wakeOrAge } from '../pace.ts'
import type { Clock } from '../ports.ts'
import { createSignal } from '../signal.ts'
import type { Beside } from './leader.ts'
import { type PruneParts, prune } from './prune.ts'

export interface PrunerParts extends Omit<PruneParts, 'rest'> {
  readonly clock: Clock
  /** Entries before `size` are gone. */
  readonly onPruned: (size: TreeSize) => void
  /** It is tried again. */
  readonly onFailure: (error: unknown) => void
}

const ROUND_MS = 10_000
const RETRY_MS = 60_000
const REST_MS = 5

export function startPruner(parts: PrunerParts): Beside {
  const { clock, copy, onPruned, onFailure } = parts
  const work = createSignal()
  const ending = Promise.withResolvers<never>()
  ending.promise.catch(() => undefined) // heard of by what is under way
  let isEnding = false
  /** An object store may keep one waiting for longer than a lead may take to end. */
  const whileOpen: ReadResource = (path, maxBytes) => Promise.race([copy(path, maxBytes), ending.promise])
  const rest = () => Promise.race([sleep(clock, REST_MS), ending.promise])

  const loop = async (): Promise<void> => {
    let last = 0
    while (!isEnding) {
      let pause = ROUND_MS
      try {
        const size = await prune({ ...parts, copy: whileOpen, rest })
        if (size > last) onPruned(size)
        last = size
      } catch (error) {
        if (isEnding) return
        onFailure(error)
        pause = RETRY_MS
      }
      await wakeOrAge(work, clock, pause)
    }
  }

  const looping = loop()
  return {
    async close() {
      isEnding = true
      ending.reject(new TlogError('LOG_CLOSED', 'the lead has ended'))
      work.wake()
      await looping
    },
  }
}
