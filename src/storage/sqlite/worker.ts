/** The other side of thread.ts: one call after the other, each answered once it is durable or refused. */

import { parentPort, workerData } from 'node:worker_threads'
import { TlogError } from '../../kernel/error.ts'
import type { LogDatabase } from '../database.ts'
import { openDatabase } from './open.ts'
import { type Answer, type Call, UNOPENED } from './protocol.ts'

const database = open()

parentPort?.on('message', async (call: Call | null) => {
  if (call !== null && database !== null) return parentPort?.postMessage(await answer(database, call))
  await database?.close()
  parentPort?.close()
})

function open(): LogDatabase | null {
  try {
    return openDatabase(workerData as string)
  } catch (error) {
    parentPort?.postMessage({ id: UNOPENED, error: describe(error) } satisfies Answer)
    return null
  }
}

async function answer(database: LogDatabase, { id, log, method, args }: Call): Promise<Answer> {
  try {
    const run = database.store(log)[method] as (...args: readonly unknown[]) => Promise<unknown>
    return { id, result: await run(...args) }
  } catch (error) {
    return { id, error: describe(error) }
  }
}

function describe(error: unknown): NonNullable<Answer['error']> {
  const { message, cause, stack } = error as Error
  const because = cause instanceof Error ? (cause.stack ?? cause.message) : (stack ?? '')
  return { code: error instanceof TlogError ? error.code : null, message, because }
}
