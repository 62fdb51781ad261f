/** Looks at all logs, again and again: one after the other, each by its own memory. */

import pino from 'pino'
import { createAudit, type LogAudit } from '../../audit/audit.ts'
import { type Poll, Report } from '../../audit/report.ts'
import { type Ask, createAsk } from '../../client/ask.ts'
import { witnessView } from '../../client/audited-tiles.ts'
import { type Evidence, formatEvidence } from '../../formats/evidence.ts'
import { formatLogKey } from '../../formats/log-key.ts'
import { safeJson, visible } from '../../formats/visible.ts'
import { type AuditMetrics, createAuditMetrics } from '../../http/audit.ts'
import { listen } from '../../http/listen.ts'
import { createScrapeServer } from '../../http/scrape.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { AuditDirectory, AuditFile } from '../../storage/audit-directory.ts'
import { closeServer } from '../close-server.ts'
import { progressBar } from '../progress.ts'
import type { ExitCode, World } from '../world.ts'
import type { AuditRequest } from './request.ts'
import { type FoundLog, openSite, type Problem, type Site, tried } from './sites.ts'
import { describePoll, exitOf } from './text.ts'
import { trustOf } from './trust.ts'

const UNTRUSTED: ReadonlySet<string> = new Set(['CHECKPOINT_UNTRUSTED', 'LOG_NOT_TRUSTED'])
/** For what is asked to be answered, once it is to stop. */
const PATIENCE_MS = 3000
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
  readonly #stopping = Promise.withResolvers<void>()
  readonly #abort = new AbortController()
  #cancel = (): void => undefined
  #isStopping = false

  constructor(request: AuditRequest, directory: AuditDirectory, world: World) {
    this.#request = request
    this.#directory = directory
    this.#world = world
    this.#ask = createAsk(world.clock, this.#abort.signal)
  }

  /** One look at each log. Of several, the exit code is the worst one's. */
  async round(): Promise<ExitCode> {
    return await this.#each((url) => this.#look(url))
  }

  /** Side by side: a server that does not answer holds no other up. One that fails ends all. */
  async #each(work: (url: string) => Promise<readonly Poll['outcome'][]>): Promise<ExitCode> {
    const outcomes: Poll['outcome'][] = []
    const done = this.#request.urls.map(async (url) => {
      try {
        outcomes.push(...(await work(url)))
      } catch (error) {
        this.#stop()
        throw error
      }
    })
    const results = await Promise.allSettled(done)
    this.#cancel()
    for (const result of results) if (result.status === 'rejected') throw result.reason
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

  /** Until `stopped`; then the look under way is given up at the next bundle, or when that does not come. */
  async run(stopped: Promise<string>): Promise<ExitCode> {
    const { metricsListen } = this.#request
    const { clock, warn } = this.#world
    void stopped.then(() => this.#stop())
    const parts = { logger: pino({ level: 'silent' }), after: clock.after }
    const server = metricsListen === null ? null : createScrapeServer(this.#metrics, parts)
    if (server !== null && metricsListen !== null) warn(`metrics: ${await listen(server, metricsListen)}/metrics`)
    try {
      return await this.#each((url) => this.#watch(url))
    } finally {
      if (server !== null) await closeServer(server, this.#world)
    }
  }

  async #watch(url: string): Promise<readonly Poll['outcome'][]> {
    for (;;) {
      const outcomes = await this.#look(url)
      if (!this.#isStopping) await this.#pause()
      if (this.#isStopping) return outcomes
    }
  }

  #stop(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#stopping.resolve()
    this.#cancel = this.#world.clock.after(PATIENCE_MS, () => this.#abort.abort(new Error('it is stopped')))
  }

  async #pause(): Promise<void> {
    const passed = Promise.withResolvers<void>()
    const cancel = this.#world.clock.after(this.#request.intervalMs, passed.resolve)
    await Promise.race([passed.promise, this.#stopping.promise])
    cancel()
  }

  async #siteAt(url: string): Promise<Site> {
    const { clock } = this.#world
    const memory = this.#directory.memory('site', url)
    const open = () => openSite({ ask: this.#ask, url, memory, clock })
    const site = this.#sites.get(url) ?? (await remembered(memory, open))
    this.#sites.set(url, site)
    return site
  }

  async #poll(log: FoundLog): Promise<Poll> {
    const memory = this.#directory.memory('log', log.place)
    return await remembered(memory, async () => {
      const audit = this.#audits.get(log.place) ?? this.#open(log)
      this.#audits.set(log.place, audit)
      return this.#advised(await audit.poll(), log)
    }).catch(failed)
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
      keep: (evidence) => this.#keep(evidence),
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

  /** Evidence may not come a second time: where it cannot be kept, it is told whole. @throws what the disk says */
  #keep(evidence: Evidence): string {
    try {
      return this.#directory.keep(evidence)
    } catch (error) {
      this.#world.warn('EVIDENCE THAT COULD NOT BE KEPT. Put these lines into a file, for colophon verify:')
      this.#world.warn(parseUtf8(formatEvidence(evidence)))
      throw error
    }
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

/** @throws TlogError STORE_CORRUPT with the name of the file */
async function remembered<T>({ path }: AuditFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TlogError) || error.code !== 'STORE_CORRUPT') throw error
    const why = `${path}: ${error.message}. Bring back the file; without it the log is read from its start, and what it showed before is forgotten`
    throw new TlogError('STORE_CORRUPT', why, { cause: error })
  }
}

/** Before anything of a log was opened. @throws what is no TlogError: a bug; STORE_… of the auditor's own memory */
function failed(error: unknown): Poll {
  const report = new Report()
  report.fail(error)
  return report.end()
}
