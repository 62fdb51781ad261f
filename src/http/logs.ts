/** The logs of one server, and which of them a path without a name means. */

import { TlogError } from '../kernel/error.ts'
import type { Log } from '../log/log.ts'

export class Logs {
  readonly all: readonly Log[]

  /** In order of creation: the first active one of a dialect is its default. */
  constructor(all: readonly Log[]) {
    this.all = all
  }

  /** @throws TlogError LOG_UNKNOWN */
  named(slug: string): Log {
    const log = this.all.find((each) => each.identity.slug === slug)
    if (log === undefined) throw new TlogError('LOG_UNKNOWN', `no log is named ${slug.slice(0, 32)}`)
    return log
  }

  /**
   * The log of a dialect whose origin is the host that the client asked for, else the dialect's default: clients derive
   * a Rekor v2 origin from the host name.
   *
   * @throws TlogError LOG_UNKNOWN when there is none of the dialect.
   */
  forHost(host: string, dialect: string): Log {
    const name = host.replace(/:[0-9]+$/, '').toLowerCase()
    const candidates = this.all.filter((each) => each.identity.dialect === dialect)
    const log = candidates.find((each) => each.identity.origin === name) ?? candidates.find(isActive) ?? candidates[0]
    if (log === undefined) throw new TlogError('LOG_UNKNOWN', `no log here speaks ${dialect}`)
    return log
  }
}

function isActive(log: Log): boolean {
  return !log.status().frozen
}
