/** The static copies of --publish, beside running logs; without that setting there are none. */

import type { Logger } from 'pino'
import type { ServeConfig } from '../config.ts'
import type { OnStep } from '../log/steps.ts'
import type { DataDirectory } from '../storage/data-directory.ts'
import type { LogRecord } from '../storage/database.ts'
import { type Exporters, startExporters } from './exporters.ts'
import type { Place } from './places.ts'
import type { World } from './world.ts'

export class StaticCopies {
  readonly #data: DataDirectory
  readonly #place: Place | null
  readonly #logger: Logger
  readonly #world: World
  #exporters: Exporters | null = null

  constructor(data: DataDirectory, { publish }: ServeConfig, logger: Logger, world: World) {
    this.#data = data
    this.#place = publish
    this.#logger = logger
    this.#world = world
  }

  /** Brings every copy up to its log, and from then on whenever that one publishes. */
  async start(): Promise<void> {
    if (this.#place === null) return
    this.#exporters = startExporters({
      place: this.#place,
      logs: (await this.#data.database.logs()).map((record) => this.#readable(record)),
      world: this.#world,
      onUnguarded: (log, why) => this.#logger.warn({ log }, why),
      onExported: (log, size) => this.#logger.debug({ log, size }, 'copied'),
      onFailure: (log, error) => this.#logger.warn({ err: error, log }, 'the static copy is behind; it is tried again'),
    })
  }

  /** One that was made since. */
  add(record: LogRecord): void {
    this.#exporters?.add(this.#readable(record))
  }

  #readable(record: LogRecord) {
    return { record, reader: this.#data.store(record.number) }
  }

  onStep(slug: string): OnStep {
    return (step) => {
      if (step === 'published') this.#exporters?.wake(slug)
    }
  }

  /** Something was taken out of the store, and is to go out of the copies too. */
  sweep(): void {
    this.#exporters?.wakeAll()
  }

  async close(): Promise<void> {
    await this.#exporters?.close()
  }
}
