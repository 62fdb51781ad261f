/** Looks at all logs, again and again: one after the other, each by its own memory. */

import pino from 'pino'
import { createAudit, type LogAudit } from '../../audit/audit.ts'
import { type Poll, Report } from '../../audit/report.ts'
import { type Ask, createAsk } from '../../client/ask.ts'
import { witnessView } from '../../client/audited-tiles.ts'
import { formatLogKey } from '../../formats/log-key.ts'
import { safeJson, visible } from '../../formats/visible.ts'
import { type AuditMetrics, createAuditMetrics } from '../../http/audit.ts'
import { listen } from '../../http/listen.ts'
import { createScrapeServer } from '../../http/scrape.ts'
import type { AuditDirectory } from '../../storage/audit-directory.ts'
import { closeServer } from '../close-server.ts'
import { progressBar } from '../progress.ts'
import type { ExitCode, World } from '../world.ts'
import type { AuditRequest } from './request.ts'
import { type FoundLog, openSite, type Problem, type Site, tried } from './sites.ts'
import { describePoll, exitOf } from './text.ts'
import { trustOf } from './trust.ts'

const UNTRUSTED: ReadonlySet<string> = new Set(['CHECKPOINT_UNTRUSTED', 'LOG_NOT_TRUSTED'])
/** What is smaller is done before a bar is seen. */
const BAR_ENTRIES = 20_000

export class Auditor {
  readonly #request: AuditRequest
  readonly #directory: AuditDirectory
  readonly #world: World
  readonly #ask: Ask
  readonly #metrics: AuditMetrics = createAuditMetrics()
  readonly #sites = new Map<string, Site>()
  readonly #audits = new Map<string, LogAudit>()
  /** What was last printed of a log: a quiet one stays quiet. */
  readonly #printed = new Map<string, string>()
  /** By URL, what the last look told of. */
  readonly #told = new Map<string, readonly string[]>()
  #isStopping = false

  constructor(request: AuditRequest, directory: AuditDirectory, world: World) {
    this.#request = request
    this.#directory = directory
    this.#world = world
    this.#ask = createAsk(world.clock)
  }

  /** One look at each log. Of several, the exit code is the worst one's. */
  async round(): Promise<ExitCode> {
    const outcomes: Poll['outcome'][] = []
    for (const url of this.#request.urls) outcomes.push(...(await this.#look(url)))
    return exitOf(outcomes)
  }

  /** At all logs of a server, and then at those that it shows for the first time. */
  async #look(url: string): Promise<readonly Poll['outcome'][]> {
    const polls = new Map<string, Poll>()
    const tell = (place: string, poll: Poll) => {
      polls.set(place, poll)
      this.#show(place, poll)
    }
    const look = async (logs: readonly FoundLog[]) => {
      for (const log of logs) tell(log.place, await this.#poll(log))
    }
    const problems: Problem[] = []
    await tried(url, problems, async () => {
      const site = await this.#siteAt(url)
      await look(site.known)
      const found = await site.follow()
      problems.push(...found.problems)
      for (const { place } of found.logs) this.#world.warn(visible(`${place}: a log that ${url} did not show before`))
      await look(found.logs)
    })
    for (const { place, error } of problems) tell(place, failed(error))
    this.#forgive(url, polls)
    return [...polls.values()].map(({ outcome }) => outcome)
  }

  /** What is told no more is over: if it comes back, it is told again. */
  #forgive(url: string, polls: ReadonlyMap<string, Poll>): void {
    for (const place of this.#told.get(url) ?? [])
      if (!polls.has(place)) {
        this.#metrics.forget(place)
        this.#printed.delete(place)
      }
    this.#told.set(url, [...polls.keys()])
  }

  /** Until `stopped`; then the look under way is given up at the next bundle. */
  async run(stopped: Promise<string>): Promise<ExitCode> {
    const { metricsListen, intervalMs } = this.#request
    const { clock, warn } = this.#world
    const end = stopped.then(() => {
      this.#isStopping = true
    })
    const parts = { logger: pino({ level: 'silent' }), after: clock.after }
    const server = metricsListen === null ? null : createScrapeServer(this.#metrics, parts)
    if (server !== null && metricsListen !== null) warn(`metrics: ${await listen(server, metricsListen)}/metrics`)
    try {
      for (;;) {
        const code = await this.round()
        if (!this.#isStopping) await this.#pause(intervalMs, end)
        if (this.#isStopping) return code
      }
    } finally {
      if (server !== null) await closeServer(server, this.#world)
    }
  }

  async #pause(ms: number, end: Promise<void>): Promise<void> {
    let cancel = (): void => undefined
    const passed = new Promise<void>((resolve) => {
      cancel = this.#world.clock.after(ms, resolve)
    })
    await Promise.race([passed, end])
    cancel()
  }

  async #siteAt(url: string): Promise<Site> {
    const { clock } = this.#world
    const memory = this.#directory.memory('site', url)
    const site = this.#sites.get(url) ?? (await openSite({ ask: this.#ask, url, memory, clock }))
    this.#sites.set(url, site)
    return site
  }

  async #poll(log: FoundLog): Promise<Poll> {
    let audit = this.#audits.get(log.place)
    try {
      audit ??= this.#open(log)
    } catch (error) {
      return failed(error)
    }
    this.#audits.set(log.place, audit)
    return this.#advised(await audit.poll(), log)
  }

  /** Others are stated: the server's word for its keys is worth a hint, and no more. */
  #advised(poll: Poll, { keys }: FoundLog): Poll {
    if (poll.origin !== null || !UNTRUSTED.has(poll.error?.code ?? '') || keys.length === 0) return poll
    const remark = `none of the stated keys signed; its server says that its own is ${keys.map(formatLogKey).join(' ')}. If that is so, state it as well`
    return { ...poll, remarks: [...poll.remarks, remark] }
  }

  /** @throws TlogError LOG_NOT_TRUSTED, STORE_CORRUPT */
  #open({ place, log, keys }: FoundLog): LogAudit {
    const { witnesses, maxAgeMs, graceMs, again } = this.#request
    const { logs, pinned } = trustOf(this.#request, place, keys)
    const memory = this.#directory.memory('log', place)
    if (pinned.length > 0 && memory.read() === null)
      this.#world.warn(
        visible(
          `${place}: nobody stated its key. PINNED is what its server shows: ${pinned.map(formatLogKey).join(' ')}`,
        ),
      )
    const bar = progressBar(this.#world, visible(place))
    let first: number | null = null
    return createAudit({
      log,
      logs,
      memory,
      keep: this.#directory.keep,
      witnesses: witnesses.map((url) => witnessView(this.#ask, url)),
      clock: this.#world.clock,
      maxAgeMs,
      graceMs,
      again,
      isStopping: () => this.#isStopping,
      onProgress: (done, total) => {
        first ??= done
        if (total - first >= BAR_ENTRIES) bar(done - first, total - first)
        if (done === total) first = null
      },
    })
  }

  #show(place: string, poll: Poll): void {
    this.#metrics.looked(place, poll)
    const { print } = this.#world
    if (this.#request.json) {
      print(`${safeJson({ place, time: new Date(this.#world.clock.now()).toISOString(), ...poll })}\n`)
      return
    }
    const { read: _, dated: __, remarks: ___, ...lasting } = poll
    const said = JSON.stringify(lasting)
    if (this.#printed.get(place) !== said) print(`${describePoll({ place, poll }).join('\n')}\n`)
    this.#printed.set(place, said)
  }
}

/** Before anything of a log was opened. @throws what is no TlogError: a bug; STORE_… of the auditor's own memory */
function failed(error: unknown): Poll {
  const report = new Report()
  report.fail(error)
  return report.end()
}
