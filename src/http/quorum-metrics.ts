/** How the log's witnesses are doing, in Prometheus' text form: whether it gets its quorum, and from whom. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { RoundWatch } from '../client/witnesses.ts'
import { SECONDS } from './request-seconds.ts'

/** Labels are the log's slug and the names that the operator's policy gives. */
export function watchRounds(registers: Registry[]): (slug: string) => RoundWatch {
  const { rounds, answers, latencies, times } = instruments(registers)
  return (log) => {
    let time = 0
    return {
      answered: (witness, seconds) => latencies.observe({ witness }, seconds),
      ended({ outcome, seconds, at, witnesses }) {
        rounds.observe({ log, outcome }, seconds)
        for (const [witness, answer] of witnesses) answers.inc({ log, witness, outcome: answer })
        if (outcome === 'quorum') time = at / 1000
        times.set({ log }, time)
      },
    }
  }
}

function instruments(registers: Registry[]) {
  return {
    rounds: new Histogram({
      name: 'colophon_quorum_round_seconds',
      help: 'Time in which the witnesses were asked for a checkpoint: quorum, missed, or refused by one that knows another history.',
      labelNames: ['log', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
    answers: new Counter({
      name: 'colophon_quorum_answers_total',
      help: 'What had come of a witness by the end of a round: cosigned, failed, refused, or late when the quorum was met without it.',
      labelNames: ['log', 'witness', 'outcome'],
      registers,
    }),
    latencies: new Histogram({
      name: 'colophon_quorum_answer_seconds',
      help: 'Time in which a witness answered, or was waited for in vain, whether the round took so long or not.',
      labelNames: ['witness'],
      buckets: SECONDS,
      registers,
    }),
    times: new Gauge({
      name: 'colophon_quorum_time_seconds',
      help: 'When a checkpoint of the log last got its quorum; seconds since 1970, 0: not since the start.',
      labelNames: ['log'],
      registers,
    }),
  }
}
