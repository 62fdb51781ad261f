/**
 * Whole processes side by side: in each round every command runs once, so that what else the machine does takes its time
 * from all of them. A process's time on the processor says more than the clock where others work too.
 */

import { spawnSync } from 'node:child_process'

export interface Cost {
  readonly wallMs: number
  /** User and system. */
  readonly cpuMs: number
}

export interface Program {
  readonly name: string
  readonly argv: readonly string[]
  /** Exit code of a run that did its work. Default: 0. */
  readonly code?: number
}

/** bash's own `time` counts what has ended below it. */
const TIMED = 'TIMEFORMAT="%R %U %S"; { time "$@" >/dev/null 2>&1; } 2>&1; exit $?'

/** @throws Error when a program ends otherwise than it should */
export function runOnce({ name, argv, code = 0 }: Program): Cost {
  const { status, stdout } = spawnSync('bash', ['-c', TIMED, 'bash', ...argv], { encoding: 'utf8' })
  if (status !== code) throw new Error(`${name}: exit code ${status}`)
  const [wall = 0, user = 0, system = 0] = stdout.trim().split(' ').map(Number)
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 }
}

/** After one round that does not count, as it fills caches. */
export function sideBySide(programs: readonly Program[], rounds: number): Map<string, Cost[]> {
  const costs = new Map<string, Cost[]>(programs.map(({ name }) => [name, []]))
  for (let round = -1; round < rounds; round++)
    for (const program of programs) {
      const cost = runOnce(program)
      if (round >= 0) costs.get(program.name)?.push(cost)
    }
  return costs
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
