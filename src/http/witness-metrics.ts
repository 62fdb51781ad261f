/** What a witness shows to Prometheus. Names are stable; a log stands in a label once it was cosigned, or its own key signed. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { CosignedSize, WitnessWatch } from '../witness/witness.ts'
import { type Answered, requestSeconds } from './request-seconds.ts'
import type { Scraped } from './scrape.ts'

export interface WitnessMetrics extends Scraped, WitnessWatch {
  readonly answered: Answered
}

/**
 * @param heads what was cosigned of each log
 * @param known how many logs the witness cosigns
 */
export function createWitnessMetrics(
  heads: () => Promise<readonly CosignedSize[]>,
  known: () => number,
): WitnessMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const answered = requestSeconds([registry])
  const { cosignatures, limited, forks, logs, sizes, times } = instruments([registry])
  return {
    contentType: registry.contentType,
    async text() {
      logs.set(known())
      for (const { origin, size, time } of await heads()) {
        sizes.set({ log: origin }, size)
        times.set({ log: origin }, time)
      }
      return await registry.metrics()
    },
    answered,
    cosigned: (log, kind) => cosignatures.inc({ log, kind }),
    limited: (log, kind) => limited.inc({ log, kind }),
    forked: (log) => forks.inc({ log }),
  }
}

function instruments(registers: Registry[]) {
  const log = { labelNames: ['log'] as const, registers }
  const kind = { labelNames: ['log', 'kind'] as const, registers }
  return {
    cosignatures: new Counter({
      ...kind,
      name: 'colophon_witness_cosignatures_total',
      help: 'Answers with cosignatures: growth of a log, refresh of a head that was cosigned before, subtree.',
    }),
    limited: new Counter({
      ...kind,
      name: 'colophon_witness_limited_total',
      help: 'Checkpoints that were not cosigned because the log asked for more than its rate.',
    }),
    forks: new Counter({
      ...log,
      name: 'colophon_witness_forks_total',
      help: 'Checkpoints that were not cosigned because another root of that size was; each is evidence against the log.',
    }),
    logs: new Gauge({ name: 'colophon_witness_logs', help: 'Logs that are cosigned when they ask.', registers }),
    sizes: new Gauge({
      ...log,
      name: 'colophon_witness_tree_size',
      help: 'Leaves in the newest tree of the log that was cosigned.',
    }),
    times: new Gauge({
      ...log,
      name: 'colophon_witness_cosigned_time_seconds',
      help: 'Time of the newest cosignatures for the log; seconds since 1970.',
    }),
  }
}
