/** What witnesses were shown, against what the auditor is shown (c2sp.org/tlog-witness, the monitoring endpoint). */

import { TlogError } from '../kernel/error.ts'
import type { VerifiedCheckpoint } from '../verify/checkpoint.ts'
import type { Audit } from './audit.ts'
import { datesOf, misdated } from './dated.ts'
import { compareHeads } from './diagnose.ts'
import type { WitnessView } from './ports.ts'
import type { ShownElsewhere } from './state.ts'

/** @param head the newest that the log shows here. @throws TlogError as the log's port does */
export async function compareWitnesses(audit: Audit, head: VerifiedCheckpoint): Promise<void> {
  for (const witness of audit.parts.witnesses) {
    const shown = await ask(audit, witness, head.origin)
    if (shown !== null) await audit.attempt(() => compare(audit, witness.url, shown, head))
  }
  await audit.attempt(() => settleAhead(audit, head))
}

/** A witness that does not answer says nothing about the log. */
async function ask(audit: Audit, { url, checkpoint }: WitnessView, origin: string): Promise<VerifiedCheckpoint | null> {
  const { report, openOwn } = audit
  try {
    const note = await checkpoint(origin)
    if (note === null) report.remarks.push(`the witness at ${url} shows no checkpoint of the log`)
    return note === null ? null : await openOwn(note)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    report.remarks.push(`the witness at ${url}: ${error.code}: ${error.message}`)
    return null
  }
}

async function compare(audit: Audit, url: string, shown: VerifiedCheckpoint, head: VerifiedCheckpoint): Promise<void> {
  const { log, logs, clock } = audit.parts
  const dated = await misdated(shown, head, logs)
  if (dated !== null) await audit.find(dated, `the witness at ${url} shows the one, the log the other`)
  if (shown.size <= head.size) {
    const found = await compareHeads(log, shown, head)
    if (found !== null) await audit.find(found, `the witness at ${url} shows the one, the log the other`)
    return
  }
  const { ahead } = audit.state
  if (ahead.some((other) => other.url === url)) return // until the log has caught up with what was shown there first
  audit.change({ ahead: [...ahead, { url, note: shown.note, since: clock.now() }] })
}

/** A log asks its witnesses before it shows a tree: for a moment they are ahead. */
async function settleAhead(audit: Audit, head: VerifiedCheckpoint): Promise<void> {
  const open: ShownElsewhere[] = []
  for (const one of audit.state.ahead) {
    const larger = await audit.openOwn(one.note)
    if (larger.size > head.size) {
      open.push(one)
      await judgeAge(audit, one, head, larger)
    } else {
      const found = await compareHeads(audit.parts.log, larger, head)
      if (found !== null)
        await audit.find(found, `the witness at ${one.url} was shown the one, the log shows the other`)
    }
  }
  if (open.length < audit.state.ahead.length) audit.change({ ahead: open })
}

async function judgeAge(
  audit: Audit,
  { url, note, since }: ShownElsewhere,
  head: VerifiedCheckpoint,
  larger: VerifiedCheckpoint,
): Promise<void> {
  const { clock, graceMs, logs } = audit.parts
  const dates = (await datesOf(note, logs)).map(({ time }) => time * 1000)
  const ageMs = clock.now() - Math.min(since, ...dates)
  if (ageMs < graceMs) {
    audit.report.remarks.push(`the witness at ${url} was shown ${larger.size} leaves, and here are ${head.size}`)
    return
  }
  const said = `the witness at ${url} shows the larger tree; ${Math.round(ageMs / 1000)} s after it was shown there, the log still showed the smaller one`
  await audit.find({ kind: 'stale', first: note, second: head.note }, said)
}
