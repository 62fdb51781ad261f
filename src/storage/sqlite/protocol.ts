/** What passes between thread.ts and worker.ts. */

import type { ErrorCode } from '../../kernel/error.ts'
import type { LogStore } from '../../log/ports.ts'

/** What is done on the worker's side. */
export type Calls = Pick<LogStore, 'find' | 'append' | 'attach' | 'index' | 'publish'>
export type Method = keyof Calls

export interface Call {
  readonly id: number
  readonly log: number
  readonly method: Method
  readonly args: readonly unknown[]
}

/** An error is its code, its words and what was behind it: classes do not pass between threads. */
export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: ErrorCode | null; readonly message: string; readonly because: string }
}

/** In place of a call's number: the database could not be opened, and no call will be answered. */
export const UNOPENED = -1
