/** Loads of requests over kept connections, and what a table says of each. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, Connection } from './http-client.ts'
import type { Served } from './server.ts'

export interface Load {
  readonly server: Served
  /** Of a closed loop null: until there are no more requests. */
  readonly seconds: number | null
  /** The next request; undefined when there are no more. */
  readonly take: () => Buffer | undefined
  /** Default: 201 is what an answer must be. */
  readonly check?: (answer: Answer) => boolean
}

export interface Row {
  readonly what: string
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly rssMiB: number
  /** Processors in use by the server. */
  readonly cpu: number
}

const created = ({ status }: Answer) => status === 201

/** Closed loop: each client sends its next request when it has its answer. */
export async function closedLoop(what: string, clients: number, load: Load): Promise<Row> {
  const { server, seconds, take, check = created } = load
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(server.port)))
  const times: number[] = []
  const row = rowOf(what, times, server)
  const end = seconds === null ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000
  const client = async (connection: Connection) => {
    while (performance.now() < end) {
      const request = take()
      if (request === undefined && seconds === null) return
      if (request === undefined) throw new Error('out of requests: make more')
      const sent = performance.now()
      const answer = await connection.send(request)
      if (!check(answer)) throw new Error(`${answer.status} ${answer.body}`)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(connections.map(client))
  return done(row, connections)
}

/** Open loop: a request every 1/rate s, whether the ones before have their answers or not. */
export async function openLoop(rate: number, { server, seconds, take, check = created }: Load): Promise<Row> {
  const connections = await Promise.all(Array.from({ length: 16 }, () => Connection.open(server.port)))
  const times: number[] = []
  const row = rowOf(`${rate}/s, open loop`, times, server)
  const start = performance.now()
  const pending: Promise<void>[] = []
  for (let i = 0; i < rate * (seconds ?? 0); i++) {
    await sleep(Math.max(0, start + (i * 1000) / rate - performance.now()))
    const connection = connections[i % connections.length] as Connection
    const due = performance.now()
    const answered = (answer: Answer) => {
      if (!check(answer)) throw new Error(`${answer.status} ${answer.body}`)
      times.push(performance.now() - due)
    }
    pending.push(connection.send(take() as Buffer).then(answered))
  }
  await Promise.all(pending)
  return done(row, connections)
}

function done(row: () => Row, connections: readonly Connection[]): Row {
  const finished = row()
  for (const connection of connections) connection.close()
  return finished
}

/** From now until it is called. */
function rowOf(what: string, times: number[], server: Served): () => Row {
  const before = server.usage()
  const start = performance.now()
  return () => {
    const seconds = (performance.now() - start) / 1000
    const after = server.usage()
    times.sort((a, b) => a - b)
    const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0
    return {
      what,
      perSecond: times.length / seconds,
      p50: quantile(0.5),
      p99: quantile(0.99),
      p999: quantile(0.999),
      rssMiB: after.rssMiB,
      cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
    }
  }
}

export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  for (const row of [headings, ['---', ...headings.slice(1).map(() => '---:')], ...rows])
    console.log(`| ${row.join(' | ')} |`)
}

/** How busy the machine is with all that runs on it: processes, over a minute. */
export function machineLoad(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0] ?? ''
}
