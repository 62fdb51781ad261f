/** What an auditor shows to Prometheus. Names are stable. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { AuditOutcome, Poll } from '../audit/report.ts'
import type { Scraped } from './scrape.ts'

export interface AuditMetrics extends Scraped {
  /** @param log its URL */
  looked(log: string, poll: Poll): void
  /** What was told of it is over. */
  forget(log: string): void
}

const OUTCOMES = ['honest', 'misbehaved', 'refused', 'undetermined'] as const satisfies readonly AuditOutcome[]

export function createAuditMetrics(): AuditMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const { polls, outcomes, sizes, read, dated, evidence } = instruments([registry])
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    looked(log, poll) {
      polls.inc({ log, outcome: poll.outcome })
      for (const outcome of OUTCOMES) outcomes.set({ log, outcome }, poll.outcome === outcome ? 1 : 0)
      if (poll.size !== null) sizes.set({ log, kind: 'shown' }, poll.size)
      if (poll.origin !== null) sizes.set({ log, kind: 'verified' }, poll.verified)
      if (poll.dated !== null) dated.set({ log }, poll.dated)
      read.inc({ log }, poll.read)
      const files = new Set([...poll.forks, ...poll.findings.map(({ file }) => file)])
      evidence.set({ log }, files.size)
    },
    forget(log) {
      for (const outcome of OUTCOMES) outcomes.remove({ log, outcome })
      evidence.remove({ log })
    },
  }
}

function instruments(registers: Registry[]) {
  const log = { labelNames: ['log'] as const, registers }
  const outcome = { labelNames: ['log', 'outcome'] as const, registers }
  return {
    polls: new Counter({
      ...outcome,
      name: 'colophon_audit_polls_total',
      help: 'Looks at a log, by what came of them.',
    }),
    outcomes: new Gauge({ ...outcome, name: 'colophon_audit_outcome', help: '1 for what came of the last look.' }),
    sizes: new Gauge({
      name: 'colophon_audit_tree_size',
      help: 'Leaves in the tree: as the newest checkpoint says, and read and verified.',
      labelNames: ['log', 'kind'],
      registers,
    }),
    read: new Counter({ ...log, name: 'colophon_audit_entries_total', help: 'Entries that were read.' }),
    dated: new Gauge({
      ...log,
      name: 'colophon_audit_checkpoint_time_seconds',
      help: 'When the newest checkpoint was signed, by the latest signer that says so; seconds since 1970.',
    }),
    evidence: new Gauge({
      ...log,
      name: 'colophon_audit_evidence',
      help: 'Files of evidence against the log, of the last look and of forks before.',
    }),
  }
}
