/** The other side of thread.ts: one call after the other, each answered once it is durable or refused. */

import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, TlogError } from '../../kernel/error.ts'
import type { LogStore } from '../../log/ports.ts'
import { openDatabase } from './open.ts'

/** What is done on this side. */
export type Calls = Pick<LogStore, 'find' | 'append' | 'attach' | 'publish'>
export type Method = keyof Calls

export interface Call {
  readonly id: number
  readonly log: number
  readonly method: Method
  readonly args: readonly unknown[]
}

/** An error is its code and its words: classes do not pass between threads. */
export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: ErrorCode | null; readonly message: string }
}

const database = openDatabase(workerData as string)

parentPort?.on('message', async (call: Call | null) => {
  if (call === null) {
    database.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage(await answer(call))
})

async function answer({ id, log, method, args }: Call): Promise<Answer> {
  try {
    const run = database.store(log)[method] as (...args: readonly unknown[]) => Promise<unknown>
    return { id, result: await run(...args) }
  } catch (error) {
    return { id, error: { code: error instanceof TlogError ? error.code : null, message: (error as Error).message } }
  }
}
