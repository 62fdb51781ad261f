/** `serve --publish`: keeps the static copies of a server's logs in step. */

import { type OpenedTarget, Sweep } from '../log/export.ts'
import { createExporter, type Exporter } from '../log/exporter.ts'
import type { LogReader } from '../log/ports.ts'
import type { LogRecord } from '../storage/database.ts'
import { exportTo } from './export.ts'
import { openCopy, type Place } from './places.ts'
import type { World } from './world.ts'

/**
 * A checkpoint in the copy at most this often: each leaves partial tiles behind until the full one is there, and each object
 * that is written costs.
 */
const INTERVAL_MS = { directory: 250, objects: 1000 } as const
/** Between two bundles of a long export, so that requests are not kept waiting by it. */
const REST_MS = 5

export interface ExportersParts {
  readonly place: Place
  /** The logs that run, each with its own reader. */
  readonly logs: readonly { readonly record: LogRecord; readonly reader: LogReader }[]
  readonly world: Pick<World, 'clock' | 'random'>
  readonly intervalMs?: number
  /** The store of the copy cannot keep two writers apart. */
  readonly onUnguarded: (slug: string, why: string) => void
  readonly onExported: (slug: string, size: number) => void
  /** It is tried again by itself. */
  readonly onFailure: (slug: string, error: unknown) => void
}

export interface Exporters {
  /** One more log, from now on. */
  add(log: Exported): void
  /** A log has published. Returns at once. */
  wake(slug: string): void
  /** Something was withdrawn, from whichever. Returns at once. */
  wakeAll(): void
  /** After the logs have closed: their last checkpoints go out too. */
  close(): Promise<void>
}

type Exported = ExportersParts['logs'][number]

/** Holds the lock of each copy in a directory until it is closed: `colophon export` has nothing to do there meanwhile. */
export function startExporters(parts: ExportersParts): Exporters {
  const exporters = new Map(parts.logs.map((log) => [log.record.slug, startOne(log, parts)]))
  return {
    add: (log) => void exporters.set(log.record.slug, startOne(log, parts)),
    wake: (slug) => exporters.get(slug)?.wake(),
    wakeAll: () => {
      for (const exporter of exporters.values()) exporter.wake()
    },
    close: async () => void (await Promise.all([...exporters.values()].map((exporter) => exporter.close()))),
  }
}

function startOne({ record, reader }: Exported, parts: ExportersParts): Exporter {
  const { place, world, intervalMs = INTERVAL_MS[place.kind] } = parts
  const { clock } = world
  const rest = () => new Promise<void>((resolve) => void clock.after(REST_MS, resolve))
  let target: OpenedTarget | undefined
  const sweep = new Sweep()
  const exporter = createExporter({
    run: async () => {
      target ??= await openCopy(place, record.slug, world, (why) => parts.onUnguarded(record.slug, why))
      return await exportTo(target, record, { reader, sweep, rest, onProgress: () => undefined })
    },
    clock,
    intervalMs,
    onExported: (size) => parts.onExported(record.slug, size),
    onFailure: (error) => parts.onFailure(record.slug, error),
  })
  return {
    wake: () => exporter.wake(),
    async close() {
      await exporter.close()
      await target?.close()
    },
  }
}
