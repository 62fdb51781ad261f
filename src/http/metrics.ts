/** Counters for operators, in Prometheus' text form. Names are stable. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RoundWatch } from '../client/witnesses.ts'
import type { OnStep } from '../log/steps.ts'
import type { Logs } from './logs.ts'
import { watchRounds } from './quorum-metrics.ts'
import { type Answered, requestSeconds } from './request-seconds.ts'

export interface Metrics {
  readonly contentType: string
  text(logs: Logs): Promise<string>
  readonly answered: Answered
  /** Whose token was good for a write, by its name. */
  readonly wrote: (token: string) => void
  /** A log put its next checkpoint off. */
  publishDelayed(slug: string): void
  /** Of what a log asks its witnesses. */
  watchRounds(slug: string): RoundWatch
  /** To be called with every step of a log. */
  onStep(slug: string): OnStep
}

const ENTRIES = [1, 4, 16, 64, 256, 1024]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const answered = requestSeconds([registry])
  const { writes, batches, rounds, delays, sizes, waiting, frozen, leads } = instruments([registry])
  return {
    contentType: registry.contentType,
    async text(logs) {
      for (const log of logs.all) {
        const { slug } = log.identity
        const status = log.status()
        sizes.set({ log: slug, kind: 'durable' }, status.durable)
        sizes.set({ log: slug, kind: 'published' }, status.published)
        waiting.set({ log: slug }, status.pooled)
        frozen.set({ log: slug }, status.frozen ? 1 : 0)
        leads.set({ log: slug }, status.leads ? 1 : 0)
      }
      return await registry.metrics()
    },
    answered,
    wrote: (token) => writes.inc({ token }),
    watchRounds: watchRounds([registry]),
    publishDelayed: (slug) => delays.inc({ log: slug }),
    onStep: (slug) => (step, detail) => {
      if (step === 'appended') batches.observe({ log: slug }, detail.entries)
      if (step === 'published') rounds.inc({ log: slug })
    },
  }
}

function instruments(registers: Registry[]) {
  const log = { labelNames: ['log'] as const, registers }
  return {
    writes: new Counter({
      name: 'colophon_token_requests_total',
      help: 'Requests to write that a token was good for, by its name.',
      labelNames: ['token'],
      registers,
    }),
    batches: new Histogram({
      ...log,
      name: 'colophon_batch_entries',
      help: 'Entries in one appended batch.',
      buckets: ENTRIES,
    }),
    rounds: new Counter({ ...log, name: 'colophon_checkpoints_total', help: 'Checkpoints published.' }),
    delays: new Counter({
      ...log,
      name: 'colophon_checkpoint_delays_total',
      help: 'Rounds in which no checkpoint could be published; each is tried again.',
    }),
    sizes: new Gauge({
      name: 'colophon_tree_size',
      help: 'Leaves in the tree: durable, and covered by the published checkpoint.',
      labelNames: ['log', 'kind'],
      registers,
    }),
    waiting: new Gauge({ ...log, name: 'colophon_pool_entries', help: 'Entries waiting or in flight.' }),
    frozen: new Gauge({
      ...log,
      name: 'colophon_log_frozen',
      help: '1 once the log takes no entries any more, for ever.',
    }),
    leads: new Gauge({
      ...log,
      name: 'colophon_log_leads',
      help: '1 where the log is sequenced: of several nodes, on one.',
    }),
  }
}
