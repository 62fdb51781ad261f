/** What a command may touch of the outside. main.ts makes the real one; tests make others. */

import type { Environment } from '../config.ts'
import type { Clock } from '../log/ports.ts'
import type { OnStep } from '../log/steps.ts'
import type { OnWitnessStep } from '../witness/steps.ts'

export interface World {
  readonly env: Environment
  readonly clock: Clock
  /** Human text, or a program's JSON. */
  readonly print: (text: string) => void
  /** Warnings and errors. */
  readonly warn: (text: string) => void
  /** Whether a person reads what is printed. */
  readonly terminal: boolean
  /** Overwrites the line of a progress bar; does nothing without a terminal. */
  readonly progress: (line: string) => void
  /**
   * Resolves when the process is asked to end. From the first call on a signal does no more than that: who calls must end
   * by itself. Where nobody does, Ctrl-C ends the process as it ends any other.
   */
  readonly stopped: () => Promise<string>
  /** Calls `listener` each time the process is told to read again what it was given (SIGHUP), until it is cancelled. */
  readonly onHangup: (listener: () => void) => () => void
  /** A line that the person at the terminal types, without its end, empty when the person gives up; absent where there is no such person. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  /** As `ask`, and what is typed is not shown. Rejects when the person gives up. */
  readonly askSecret?: ((question: string) => Promise<string>) | undefined
  /** What is piped in, from now to its end. */
  readonly input: () => AsyncIterable<Uint8Array>
  /** Bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array
  /** Besides metrics, who else watches the steps of a log, or of a witness. */
  readonly onStep: OnStep & OnWitnessStep
}

/** 0 done, 1 a problem was found, 2 the command was misused, 3 it could not be carried out, 4 not as asked for (audit alone). */
export type ExitCode = 0 | 1 | 2 | 3 | 4

export interface Command {
  readonly name: string
  readonly usage: string
  run(argv: readonly string[], world: World): Promise<ExitCode>
}
