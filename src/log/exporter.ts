/** Keeps an export in step with a running log: a loop of its own, which the log never waits for. */

import type { TreeSize } from '../kernel/brand.ts'
import type { Clock } from './ports.ts'
import { createSignal } from './signal.ts'

export interface ExporterParts {
  /** One export of what is published; returns its size. */
  readonly run: () => Promise<TreeSize>
  readonly clock: Pick<Clock, 'after'>
  /** The least time between the ends of two exports. */
  readonly intervalMs: number
  readonly onExported: (size: TreeSize) => void
  /** It is tried again, until it succeeds. */
  readonly onFailure: (error: unknown) => void
}

export interface Exporter {
  /** Something was published. Returns at once; several calls during one export lead to one more. */
  wake(): void
  /** Exports what is published by now, unless that fails, and ends. */
  close(): Promise<void>
}

const RETRY_MS = 5000

/** Begins with an export: the copy may be behind from the last time. */
export function createExporter(parts: ExporterParts): Exporter {
  const work = createSignal()
  const ending = Promise.withResolvers<void>()
  let closing = false

  const once = async (): Promise<boolean> => {
    try {
      parts.onExported(await parts.run())
      return true
    } catch (error) {
      parts.onFailure(error)
      return false
    }
  }

  const loop = async (): Promise<void> => {
    while (!closing) {
      await work.wait()
      if (closing) break
      const done = await once()
      if (!done) work.wake()
      await pause(parts.clock, done ? parts.intervalMs : RETRY_MS, ending.promise)
    }
    await once()
  }

  work.wake()
  const looping = loop()
  return {
    wake: () => work.wake(),
    async close() {
      closing = true
      work.wake()
      ending.resolve()
      await looping
    },
  }
}

/** Ends early when the exporter does. */
async function pause(clock: Pick<Clock, 'after'>, ms: number, ended: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>()
  const cancel = clock.after(ms, over.resolve)
  await Promise.race([over.promise, ended])
  cancel()
}
