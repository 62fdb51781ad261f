/** The audit of one log: what it shows now against what it signed before, what it serves, and what others were shown. */

import { type Evidence, type Found, formatEvidence } from '../formats/evidence.ts'
import { equal, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Clock } from '../log/ports.ts'
import { NO_WITNESSES, shown, type VerifiedCheckpoint } from '../verify/checkpoint.ts'
import { verifyEvidence } from '../verify/evidence.ts'
import { keysOf } from '../verify/log-keys.ts'
import { openStatedCheckpoint, type StatedLogs } from '../verify/stated-logs.ts'
import { datesOf, misdated } from './dated.ts'
import { compareHeads } from './diagnose.ts'
import { extend } from './extend.ts'
import type { AuditedLog, AuditMemory, KeepEvidence, WitnessView } from './ports.ts'
import { type Poll, Report } from './report.ts'
import { type AuditState, formatState, parseState } from './state.ts'
import { compareWitnesses } from './witness-heads.ts'

export interface AuditParts {
  readonly log: AuditedLog
  /** Whose keys count, and whose cosignatures. */
  readonly logs: StatedLogs
  readonly memory: AuditMemory
  readonly keep: KeepEvidence
  readonly witnesses: readonly WitnessView[]
  readonly clock: Clock
  /** Of the newest checkpoint; null: any. */
  readonly maxAgeMs: number | null
  /** How long a log may be behind what a witness was shown, or not show what its checkpoint says that it has. */
  readonly graceMs: number
  /** Whether to read every entry once more. */
  readonly again: boolean
  /** Whether reading is to end at the next bundle, and to be gone on with another time. */
  readonly isStopping: () => boolean
  readonly onProgress: (done: number, total: number) => void
}

/** A log behind several servers may for a moment show what was the newest before. */
const ASK_AGAIN = 3
const PAUSE_MS = 2000

export interface LogAudit {
  /** Looks once. @throws TlogError STORE_CORRUPT, STORE_LOCKED for the auditor's own memory */
  poll(): Promise<Poll>
}

/** @throws TlogError STORE_CORRUPT */
export function createAudit(parts: AuditParts): LogAudit {
  const kept = parts.memory.read()
  const audit = new Audit(parts, kept === null ? null : parseState(kept))
  return { poll: () => audit.poll() }
}

/** What a poll's steps share: what is known, and where to say what was found. */
export class Audit {
  readonly parts: AuditParts
  report = new Report()
  #state: AuditState | null
  #isAgain: boolean

  constructor(parts: AuditParts, state: AuditState | null) {
    this.parts = parts
    this.#state = state
    this.#isAgain = parts.again
  }

  async poll(): Promise<Poll> {
    this.report = new Report()
    await this.attempt(() => this.#round())
    const { report } = this
    report.forks = this.#state?.forks ?? []
    report.verified = await this.#verifiedSize()
    return report.end()
  }

  /** @throws Error before the first checkpoint */
  get state(): AuditState {
    if (this.#state === null) throw new Error('nothing is known of the log yet')
    return this.#state
  }

  /** Durable before anything that leans on it. */
  change(change: Partial<AuditState>): void {
    this.#state = { ...this.state, ...change }
    this.parts.memory.write(formatState(this.#state))
  }

  /** What fails is told, and the next step is taken all the same. */
  async attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.report.fail(error)
    }
  }

  /** By the log's own keys. @throws TlogError as openStatedCheckpoint does, but for QUORUM_MISSED */
  readonly openOwn = async (note: Uint8Array): Promise<VerifiedCheckpoint> => {
    const { root, policy, mlDsa44 } = this.parts.logs
    const own = policy === null ? null : { ...NO_WITNESSES, logs: policy.logs }
    return await openStatedCheckpoint(parseUtf8(note), { root, policy: own, mlDsa44 })
  }

  /** Writes what anybody can verify; and verifies it first, as a stranger would. */
  async find(found: Found, said: string): Promise<void> {
    const { logs, keep, clock } = this.parts
    const { origin } = this.state
    const note = 'checkpoint' in found ? found.checkpoint : found.second
    const evidence: Evidence = { origin, keys: keysOf(note, logs), observed: clock.now(), said, found }
    const { weight, shows } = await verifyEvidence(evidence, logs, logs.mlDsa44)
    formatEvidence(evidence)
    const file = keep(evidence)
    this.report.find({ kind: found.kind, weight, shows, file })
    const { forks } = this.state
    if (found.kind === 'fork' && !forks.includes(file)) this.change({ forks: [...forks, file] })
  }

  async #round(): Promise<void> {
    const { log } = this.parts
    const head = await this.#newest(await this.openOwn(await log.checkpoint()))
    this.report.origin = head.origin
    this.report.size = head.size
    await this.attempt(() => this.#follow(head))
    await this.attempt(() => compareWitnesses(this, head))
    await this.attempt(() => this.#measure(head))
  }

  /** Asked again where it is smaller than one that was seen before. */
  async #newest(first: VerifiedCheckpoint): Promise<VerifiedCheckpoint> {
    const { log, clock } = this.parts
    const now = clock.now()
    this.#state ??= {
      origin: first.origin,
      verified: null,
      reading: null,
      ahead: [],
      missing: null,
      changed: now,
      forks: [],
    }
    let head = first
    for (let asked = 1; ; asked++) {
      if (head.origin !== this.state.origin)
        throw new TlogError(
          'CHECKPOINT_UNTRUSTED',
          `it shows ${shown(head.origin)}, and was ${shown(this.state.origin)}`,
        )
      const seen = await this.#seen()
      if (seen === null || head.size >= seen.size || asked === ASK_AGAIN) return head
      await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve))
      head = await this.openOwn(await log.checkpoint())
    }
  }

  /** The newest that the log ever showed. */
  async #seen(): Promise<VerifiedCheckpoint | null> {
    const note = this.#state?.reading?.note ?? this.#state?.verified?.note
    return note === undefined ? null : await this.openOwn(note)
  }

  async #verifiedSize(): Promise<number> {
    const note = this.#state?.verified?.note
    return note === undefined ? 0 : (await this.openOwn(note)).size
  }

  async #follow(head: VerifiedCheckpoint): Promise<void> {
    const seen = await this.#seen()
    if (seen !== null) {
      const dated = await misdated(seen, head, this.parts.logs)
      if (dated !== null) await this.find(dated, 'the log showed both')
      if (head.size < seen.size) return await this.#wentBack(seen, head)
      if (head.size === seen.size && !equal(head.root, seen.root)) {
        const found = { kind: 'fork', first: seen.note, second: head.note, root: head.root, proof: [] } as const
        return await this.find(found, 'the log showed the one, and then the other')
      }
    }
    const isKept = seen !== null && equal(seen.note, head.note)
    if (!isKept && this.#state?.verified !== null) this.change({ changed: this.parts.clock.now() })
    const { verified, reading } = this.state
    const isWhole = verified !== null && reading === null && head.size === seen?.size
    if (!isWhole || this.#isAgain) {
      await extend(this, head, this.#isAgain)
      this.#isAgain = false
    } else if (!isKept) this.change({ verified: { ...verified, note: head.note } })
  }

  async #wentBack(seen: VerifiedCheckpoint, head: VerifiedCheckpoint): Promise<void> {
    const { log } = this.parts
    // Of a larger tree that it shows no more it may show the tiles no more either: it went back all the same.
    const found = await compareHeads(log, head, seen).catch((error: unknown) => {
      if (!(error instanceof TlogError)) throw error
      return null
    })
    if (found !== null) await this.find(found, 'the log showed the larger tree, and then the smaller one')
    const rollback = { kind: 'rollback', first: seen.note, second: head.note } as const
    await this.find(rollback, `the log showed ${seen.size} leaves, and then ${head.size}, asked ${ASK_AGAIN} times`)
  }

  /** By what the auditor's trust asks of a checkpoint, beyond the log's own signature. */
  async #measure(head: VerifiedCheckpoint): Promise<void> {
    const { logs, clock, maxAgeMs } = this.parts
    const dates = (await datesOf(head.note, logs)).map(({ time }) => time)
    this.report.dated = dates.length === 0 ? null : Math.max(...dates)
    await this.attempt(async () => void (await openStatedCheckpoint(parseUtf8(head.note), logs)))
    if (maxAgeMs === null) return
    const { dated } = this.report
    const age = clock.now() - (dated === null ? this.state.changed : dated * 1000)
    if (age <= maxAgeMs) return
    const since = dated === null ? 'has not changed for' : 'was last signed with a time'
    throw new TlogError(
      'CHECKPOINT_STALE',
      `the checkpoint ${since} ${Math.round(age / 1000)} s${dated === null ? '' : ' ago'}`,
    )
  }
}
