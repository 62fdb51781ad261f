/** Finds the command and turns what it throws into a message and an exit code. */

import { readFileSync } from 'node:fs'
import { TlogError } from '../kernel/error.ts'
import { backup } from './backup.ts'
import { config } from './config.ts'
import { exportCommand } from './export.ts'
import { fsck } from './fsck.ts'
import { keygen } from './keygen.ts'
import { log } from './log.ts'
import { prove } from './prove.ts'
import { recover } from './recover.ts'
import { restore } from './restore.ts'
import { retire } from './retire.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'
import type { Command, ExitCode, World } from './world.ts'

const COMMANDS: readonly Command[] = [
  serve,
  config,
  log,
  keygen,
  token,
  fsck,
  prove,
  backup,
  restore,
  recover,
  retire,
  exportCommand,
]

export async function run(argv: readonly string[], world: World): Promise<ExitCode> {
  const [name = 'help', ...rest] = argv
  if (name === '--version') return say(world, `colophon ${version()}\n`)
  if (name === 'help' || name === '--help') return say(world, help(rest[0]))
  const command = COMMANDS.find((each) => each.name === name)
  if (command === undefined) {
    world.warn(`unknown command ${name}\n${help()}`)
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
    world.warn(`${error.code}: ${error.message}`)
    return 3
  }
  if (!(error instanceof TlogError)) throw error
  if (error.code === 'CONFIG_INVALID') {
    world.warn(`${error.code}: ${error.message}\n\n${command.usage}`)
    return 2
  }
  world.warn(`${error.code}: ${error.message}`)
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

function help(name?: string): string {
  const command = COMMANDS.find((each) => each.name === name)
  if (command !== undefined) return `${command.usage}\n`
  const lines = COMMANDS.map((each) => `  ${each.name.padEnd(8)} ${each.summary}`)
  return `colophon: a transparency log for software and model artifacts\n\n${lines.join('\n')}\n\ncolophon help COMMAND shows its flags; errors have stable codes, explained in docs/errors.md\n`
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
