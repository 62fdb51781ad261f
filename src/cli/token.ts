/** `colophon token create`, `list` and `revoke`: who may write to a server with --write-tokens. */

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { parseFlags, readTokens } from '../config.ts'
import { formatTokenFile, parseScope, parseTokenName, type Token } from '../formats/token-file.ts'
import { base64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { replaceFile } from '../storage/replace-file.ts'
import type { Command, ExitCode, World } from './world.ts'

/** 256 bits: nobody guesses it, and nobody finds it from its hash. */
const TOKEN_BYTES = 32
/** Scanners for leaked secrets look for a word of its own. */
const PREFIX = 'colophon_'

export const token: Command = {
  name: 'token',
  usage: `colophon token create NAME --tokens FILE [--logs SLUG,SLUG]
colophon token list --tokens FILE [--json]
colophon token revoke NAME --tokens FILE

  create prints the token, this once: FILE holds its SHA-256 alone. --logs makes it good for these logs and no other.
  A server that runs with --write-tokens FILE takes up a change when it gets SIGHUP.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, on, words } = parseFlags(argv, ['tokens', 'logs'], ['json'])
    const [action, name, ...rest] = words
    const { tokens: path, logs } = flags
    if (path === undefined) throw new TlogError('CONFIG_INVALID', '--tokens FILE says where the tokens are')
    if (action === 'list' && name === undefined) return list(path, on.has('json'), world)
    if (name === undefined || rest.length > 0 || (action !== 'create' && action !== 'revoke'))
      throw new TlogError('CONFIG_INVALID', 'token takes `create NAME`, `list` or `revoke NAME`')
    return action === 'create' ? create({ path, name, logs }, world) : revoke(path, name, world)
  },
}

interface Wanted {
  readonly path: string
  readonly name: string
  readonly logs: string | undefined
}

function create({ path, name, logs }: Wanted, world: World): ExitCode {
  const text = PREFIX + base64url(world.random(TOKEN_BYTES))
  const made: Token = {
    name: parseTokenName(name),
    sha256: createHash('sha256').update(text).digest(),
    logs: logs === undefined ? null : logs.split(',').map(parseScope),
  }
  change(path, (tokens) => {
    if (tokens.some((each) => each.name === name))
      throw new TlogError('CONFIG_INVALID', `there is a token named ${name}: revoke it first, or choose another name`)
    return [...tokens, made]
  })
  world.print(`${text}\n`)
  return 0
}

function revoke(path: string, name: string, world: World): ExitCode {
  if (!existsSync(path)) throw new TlogError('CONFIG_INVALID', `there is no file ${path}`)
  change(path, (tokens) => {
    const kept = tokens.filter((each) => each.name !== name)
    if (kept.length === tokens.length)
      throw new TlogError('CONFIG_INVALID', `there is no token named ${name.slice(0, 64)}`)
    return kept
  })
  world.print(`${name} is revoked; a running server hears of it by SIGHUP\n`)
  return 0
}

function change(path: string, edit: (tokens: readonly Token[]) => readonly Token[]): void {
  replaceFile(path, (exists) => formatTokenFile(edit(exists ? read(path) : [])))
}

function list(path: string, json: boolean, world: World): ExitCode {
  const tokens = read(path).map(({ name, logs }) => ({ name, logs }))
  const lines = tokens.map(({ name, logs }) => `${name}  ${logs === null ? 'all logs' : logs.join(', ')}\n`)
  world.print(json ? `${JSON.stringify(tokens, null, 2)}\n` : lines.join(''))
  return 0
}

function read(path: string): readonly Token[] {
  try {
    return readTokens(path).tokens
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', (error as Error).message)
  }
}

function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
