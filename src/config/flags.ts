/** The words after a command. */

import { parseArgs } from 'node:util'
import { TlogError } from '../kernel/error.ts'

export type Flags = Readonly<Record<string, string | undefined>>

export interface Words {
  /** Flags with a value. */
  readonly flags: Flags
  /** Flags without one. */
  readonly on: ReadonlySet<string>
  /** What is no flag. */
  readonly words: readonly string[]
}

/**
 * @param names the flags the command takes, each with a value; `switches` those without. Whoever takes the data
 *   directory takes the file in which it may stand.
 * @throws TlogError CONFIG_INVALID on a flag that is unknown, without its value, or given twice.
 */
export function parseFlags(argv: readonly string[], names: readonly string[], switches: readonly string[] = []): Words {
  const valued = names.includes('data') && !names.includes('config') ? [...names, 'config'] : names
  const options = Object.fromEntries([
    ...valued.map((name) => [name, { type: 'string' as const, multiple: true }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ])
  const { values, positionals } = attempt(() =>
    parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }),
  )
  const given = Object.entries(values)
  const flags = given.flatMap(([name, value]) => (Array.isArray(value) ? [[name, once(name, value)]] : []))
  return {
    flags: Object.fromEntries(flags) as Flags,
    on: new Set(given.filter(([, value]) => value === true).map(([name]) => name)),
    words: positionals,
  }
}

function once(name: string, values: readonly unknown[]): unknown {
  if (values.length > 1) throw new TlogError('CONFIG_INVALID', `--${name}: given ${values.length} times`)
  return values[0]
}

function attempt<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', (error as Error).message)
  }
}
