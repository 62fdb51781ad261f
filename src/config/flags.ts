/** The words after a command. */

import { parseArgs } from 'node:util'
import { Problems } from './problems.ts'

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
 * @param problems where everything that is wrong is noted: unknown flags, flags without their value or given twice. The
 *   rest is returned all the same, so that the user hears of that too. Without it:
 * @throws TlogError CONFIG_INVALID
 */
export function parseFlags(
  argv: readonly string[],
  names: readonly string[],
  switches: readonly string[] = [],
  problems?: Problems,
): Words {
  const found = problems ?? new Problems()
  const valued = names.includes('data') && !names.includes('config') ? [...names, 'config'] : names
  const options = Object.fromEntries([
    ...valued.map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ])
  // Not strict: that would stop at the first problem.
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true })
  const flags: Record<string, string> = {}
  const on = new Set<string>()
  const words: string[] = []
  let unknownAt = Number.NaN
  for (const token of tokens) {
    // What follows an unknown flag is most likely its value.
    if (token.kind === 'positional' && token.index !== unknownAt + 1) words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (switches.includes(name)) {
      if (value !== undefined) found.note(rawName, 'takes no value')
      on.add(name)
    } else if (!valued.includes(name)) {
      unknownAt = inlineValue === true ? Number.NaN : token.index
      found.note(rawName, 'there is no such flag')
    } else if (value === undefined || (inlineValue !== true && value.startsWith('-'))) {
      found.note(rawName, `its value is missing (one that begins with - is written ${rawName}=-…)`)
    } else if (name in flags) found.note(rawName, 'given more than once')
    else flags[name] = value
  }
  if (problems === undefined) found.check()
  return { flags, on, words }
}

/** The values of a flag that may stand more than once, and the words that are left. What is wrong with it is noted. */
export function takeRepeated(
  argv: readonly string[],
  name: string,
  problems: Problems,
): { readonly values: readonly string[]; readonly rest: readonly string[] } {
  const [values, rest]: [string[], string[]] = [[], []]
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word.startsWith(`--${name}=`)) values.push(word.slice(name.length + 3))
    else if (word !== `--${name}`) rest.push(word)
    else {
      const value = argv[at + 1]
      if (value === undefined || value.startsWith('-')) problems.note(word, 'its value is missing')
      else values.push(value)
      if (value?.startsWith('-') === false) at++
    }
  }
  return { values, rest }
}
