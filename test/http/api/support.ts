/** The small API over a log in memory, asked without a network. */

import Fastify from 'fastify'
import { api } from '../../../src/http/api/api.ts'
import { sendError } from '../../../src/http/errors.ts'
import { Logs } from '../../../src/http/logs.ts'
import type { Log } from '../../../src/log/log.ts'
import { createWorld, entries, inTime, start, type World } from '../../log/support.ts'

export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly json: Json
}

/** Whatever the test expects to be there. */
// biome-ignore lint/suspicious/noExplicitAny: answers are compared, field by field, with what they should be
export type Json = any

export type Ask = (path: string) => Promise<Said>

export interface Filled {
  readonly world: World
  readonly log: Log
  /** Its leaves, `entry 0` and so on. */
  readonly leaves: readonly Uint8Array[]
}

export async function filledLog(count: number): Promise<Filled> {
  const world = createWorld()
  const { log } = await start(world)
  const offered = entries(count)
  const receipts = await inTime(world.clock, Promise.all(offered.map((one) => log.add(one))))
  const leaves: Uint8Array[] = []
  receipts.forEach(({ index }, i) => {
    leaves[index] = offered[i]?.leaf as Uint8Array
  })
  return { world, log, leaves }
}

export function askApi(...logs: Log[]): Ask {
  const app = Fastify({ routerOptions: { maxParamLength: 512 } })
  app.setErrorHandler(sendError)
  app.register(api(new Logs(logs), () => ({})))
  return async (path) => {
    const { statusCode, headers, body } = await app.inject(path)
    const text = String(headers['content-type']).startsWith('application/json')
    return { status: statusCode, headers, json: text ? JSON.parse(body) : body }
  }
}

/** The log, but for these of its parts. */
export function altered(log: Log, change: Partial<Log>): Log {
  return new Proxy(log, {
    get(target, name) {
      if (Object.hasOwn(change, name)) return change[name as keyof Log]
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Status and reason of a refusal, or the status alone. */
export function outcomeOf({ status, json }: Said): string {
  return [status, json?.details?.[0]?.reason].filter((part) => part !== undefined).join(' ')
}
