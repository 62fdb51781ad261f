/** Flags and environment to a Config, once; every problem is reported at once. */

import { isAbsolute, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { TlogError } from './kernel/error.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Flags = Readonly<Record<string, string | undefined>>

/** Where the data is; what every command that reads a log takes. */
export interface DataConfig {
  readonly dir: string
  readonly ratchetDir: string
  readonly passphrase: string | undefined
}

export interface ServeConfig {
  readonly data: DataConfig
  readonly host: string
  readonly port: number
  /** What clients reach; no trailing slash. */
  readonly url: string
  /** Origin of the log that a new data directory gets. */
  readonly hostname: string
  /** Whether `hostname` was said, rather than taken from the URL or the default. */
  readonly hostnameGiven: boolean
  readonly duplicates: 'return' | 'conflict'
  readonly intervalMs: number
  readonly attachmentLimit: number
  readonly logLevel: string
}

export const SERVE_FLAGS = [
  'listen',
  'data',
  'ratchet',
  'hostname',
  'url',
  'duplicates',
  'interval',
  'attachment-limit',
  'log-level',
]

/** The name of a passphrase's variable stands in messages; its value never does. */
export const PASSPHRASE_VARIABLE = 'COLOPHON_KEY_PASSPHRASE'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Collects what is wrong, so that the user hears of all of it. */
export class Problems {
  readonly #found: string[] = []

  /** The value of `parse`, or `instead` and a problem noted under `name`. */
  take<T>(name: string, instead: T, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      this.#found.push(`${name}: ${(error as Error).message}`)
      return instead
    }
  }

  /** @throws TlogError CONFIG_INVALID with all of them, a line each. */
  check(): void {
    if (this.#found.length > 0) throw new TlogError('CONFIG_INVALID', this.#found.join('\n'))
  }
}

/** @param names the flags the command takes, each with a value; `switches` those without. @throws TlogError CONFIG_INVALID */
export function parseFlags(
  argv: readonly string[],
  names: readonly string[],
  switches: readonly string[] = [],
): { flags: Flags; on: ReadonlySet<string>; words: readonly string[] } {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ])
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
    const given = Object.entries(values)
    const flags = Object.fromEntries(given.filter(([, value]) => typeof value === 'string')) as Flags
    return { flags, on: new Set(given.filter(([, value]) => value === true).map(([name]) => name)), words: positionals }
  } catch (error) {
    throw new TlogError('CONFIG_INVALID', (error as Error).message)
  }
}

export function parseData(flags: Flags, env: Environment): DataConfig {
  const dir = resolve(flags.data ?? './data')
  const ratchet = flags.ratchet ?? 'ratchet'
  const ratchetDir = flags.ratchet === undefined ? join(dir, ratchet) : isAbsolute(ratchet) ? ratchet : resolve(ratchet)
  return { dir, ratchetDir, passphrase: env[PASSPHRASE_VARIABLE] || undefined }
}

/** @throws TlogError CONFIG_INVALID naming every flag that is wrong. */
export function parseServe(argv: readonly string[], env: Environment): ServeConfig {
  const { flags, words } = parseFlags(argv, SERVE_FLAGS)
  const problems = new Problems()
  problems.take('arguments', undefined, () => {
    if (words.length > 0) throw new Error(`serve takes flags alone, not ${words.join(' ')}`)
  })
  const { host, port } = problems.take('--listen', { host: '', port: 0 }, () =>
    parseListen(flags.listen ?? '127.0.0.1:3000'),
  )
  const url = problems.take('--url', '', () => parseUrl(flags.url ?? `http://localhost:${port}`))
  const hostname = problems.take('--hostname', '', () =>
    parseHostname(flags.hostname ?? (url === '' ? 'localhost' : new URL(url).hostname)),
  )
  const config: ServeConfig = {
    data: parseData(flags, env),
    host,
    port,
    url,
    hostname,
    hostnameGiven: flags.hostname !== undefined || flags.url !== undefined,
    duplicates: problems.take('--duplicates', 'return', () =>
      oneOf(['return', 'conflict'] as const, flags.duplicates ?? 'return'),
    ),
    intervalMs: problems.take('--interval', 5, () => wholeNumber(flags.interval ?? '5', 1, 10_000)),
    attachmentLimit: problems.take('--attachment-limit', 0, () =>
      wholeNumber(flags['attachment-limit'] ?? '1048576', 0, 4 * 2 ** 20),
    ),
    logLevel: problems.take('--log-level', 'info', () => oneOf(LOG_LEVELS, flags['log-level'] ?? 'info')),
  }
  problems.check()
  return config
}

/** HOST:PORT, [IPv6]:PORT. */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw new Error(`not HOST:PORT: ${text}`)
  return { host: match[1] ?? match[2] ?? '', port: wholeNumber(match[3] ?? '', 0, 65_535) }
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error(`not an http(s) URL: ${text}`)
  if (url.username !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/')
    throw new Error('scheme, host and port alone are taken: clients derive the log from the host name')
  return url.origin
}

/** An origin is a key name too (c2sp.org/signed-note), and Rekor v2 clients compare it with a URL's host. */
export function parseHostname(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text))
    throw new Error(`not a lowercase host name: ${text.slice(0, 64)}`)
  return text
}

function oneOf<T extends string>(allowed: readonly T[], text: string): T {
  const found = allowed.find((one) => one === text)
  if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}, not ${text}`)
  return found
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new Error(`must be a whole number from ${min} to ${max}, not ${text}`)
  return value
}
