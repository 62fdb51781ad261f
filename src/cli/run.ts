/** Finds the command and turns what it throws into a message and an exit code. */

import { readFileSync } from 'node:fs'
import { visible, visibleLines } from '../formats/visible.ts'
import { TlogError } from '../kernel/error.ts'
import { COMMANDS } from './commands.ts'
import type { Command, ExitCode, World } from './world.ts'

export async function run(argv: readonly string[], world: World): Promise<ExitCode> {
  const [name = 'help', ...rest] = argv
  if (name === '--version') return say(world, `colophon ${version()}\n`)
  if (name === 'help' || name === '--help') return say(world, await help(rest[0]))
  const command = await find(name)
  if (command === undefined) {
    world.warn(`unknown command ${visible(name)}\n${await help()}`)
    return 2
  }
  if (rest.includes('--help')) return say(world, `${command.usage}\n`)
  try {
    return await command.run(rest, world)
  } catch (error) {
    return explain(error, command, world)
  }
}

function explain(error: unknown, command: Command, world: World): ExitCode {
  if (isSystemError(error)) {
    world.warn(`${error.code}: ${visibleLines(error.message)}`)
    return 3
  }
  if (!(error instanceof TlogError)) throw error
  if (error.code === 'CONFIG_INVALID') {
    world.warn(`${error.code}: ${visibleLines(error.message)}\n\n${command.usage}`)
    return 2
  }
  world.warn(`${error.code}: ${visibleLines(error.message)}`)
  return 3
}

/** A port in use, a directory that may not be written: the operating system's own words say it best. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

function say(world: World, text: string): ExitCode {
  world.print(text)
  return 0
}

async function find(name: string | undefined): Promise<Command | undefined> {
  return await COMMANDS.find((each) => each.name === name)?.load()
}

async function help(name?: string): Promise<string> {
  const command = await find(name)
  if (command !== undefined) return `${command.usage}\n`
  const lines = COMMANDS.map((each) => `  ${each.name.padEnd(8)} ${each.summary}`)
  return `colophon: a transparency log for software and model artifacts\n\n${lines.join('\n')}\n\ncolophon help COMMAND shows its flags; errors have stable codes, explained in docs/errors.md\n`
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
