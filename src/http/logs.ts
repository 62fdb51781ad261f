/** The logs of one server, and which of them a path without a name means. */

import { isWaiting, logOfHost, type Reachable } from '../dialects/of-host.ts'
import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'

export class Logs {
  readonly #all: Log[]

  /** In order of creation. */
  constructor(all: readonly Log[]) {
    this.#all = [...all]
  }

  get all(): readonly Log[] {
    return this.#all
  }

  /** The newest, from now on. */
  add(log: Log): void {
    this.#all.push(log)
  }

  /** Answers are then of no older tree than any node's before: see Log.catchUp. */
  async catchUp(): Promise<void> {
    await Promise.all(this.#all.map((log) => log.catchUp()))
  }

  /** @throws TlogError LOG_UNKNOWN */
  named(slug: string): Log {
    const log = this.all.find((each) => each.identity.slug === slug)
    if (log === undefined) throw new TlogError('LOG_UNKNOWN', `no log is named ${slug.slice(0, 32)}`)
    return log
  }

  /**
   * The log of a dialect that the client means by the host it asked for.
   * @throws TlogError LOG_UNKNOWN when there is none of the dialect.
   */
  forHost(host: string, dialect: string): Log {
    const name = host.replace(/:[0-9]+$/, '').toLowerCase()
    const log = logOfHost(name, this.#speaking(dialect), reachable)
    if (log === undefined) throw new TlogError('LOG_UNKNOWN', `no log here speaks ${dialect}`)
    return log
  }

  /** Whether its turn has not come: it takes no entries yet. */
  isWaiting(log: Log): boolean {
    return isWaiting(log, this.#speaking(log.identity.dialect), reachable)
  }

  #speaking(dialect: string): readonly Log[] {
    return this.#all.filter((each) => each.identity.dialect === dialect)
  }
}

function reachable(log: Log): Reachable {
  return { origin: log.identity.origin, isFrozen: log.status().frozen }
}
