/** Flags, environment and file to a Config, once; every problem is reported at once. The settings are in config/settings.ts. */

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { collide } from './config/addresses.ts'
import { copyPlace, keptOf } from './config/copies.ts'
import { parseSmallFile } from './config/files.ts'
import { type Flags, parseFlags } from './config/flags.ts'
import { contains } from './config/overlap.ts'
import { parseHostname } from './config/parsers.ts'
import { type Place, parsePlace, placeAt } from './config/place.ts'
import { Problems } from './config/problems.ts'
import {
  DATABASE_PASSWORD_VARIABLE,
  PASSPHRASE_VARIABLE,
  SETTING_NAMES,
  type SettingName,
  type ValueOf,
} from './config/settings.ts'
import { type Environment, Sources } from './config/sources.ts'
import type { TrustConfig } from './config/trust.ts'
import { trustOf } from './config/trust-settings.ts'
import { readWitnessPolicy } from './config/witness-policy.ts'
import type { DialectName } from './dialects/names.ts'
import type { Policy } from './formats/c2sp/policy.ts'
import { isS3Url } from './formats/s3/location.ts'
import { parseTokenFile, TOKEN_FILE_MAX_BYTES, type Token } from './formats/token-file.ts'
import type { Endpoint } from './http/listen.ts'
import type { TrustsPeer } from './http/proxies.ts'

export { parseFlags } from './config/flags.ts'
export { parseHostname } from './config/parsers.ts'
export { Problems } from './config/problems.ts'
export { DATABASE_PASSWORD_VARIABLE, PASSPHRASE_VARIABLE } from './config/settings.ts'
export type { Environment } from './config/sources.ts'

/** Where the data is; what every command that reads a log takes. */
export interface DataConfig {
  readonly dir: string
  readonly ratchet: Place
  readonly passphrase: string | undefined
  /** Null: a file in `dir`. */
  readonly database: DatabaseConfig | null
  /** s3://…, where --publish names an object store: it has what left the database. What reaching it takes is asked by who needs it. */
  readonly bundles: string | null
}

/** A PostgreSQL database, whose URL holds no password. */
export interface DatabaseConfig {
  readonly url: string
  /** Undefined: to be found as `pg` finds one. */
  readonly password: string | undefined
}

/** For what makes a log sign. */
export interface SigningConfig extends DataConfig {
  /** Null: nobody cosigns. */
  readonly witnessing: WitnessingConfig | null
}

/** Who must cosign what the logs sign. */
export interface WitnessingConfig {
  readonly path: string
  readonly policy: Policy
}

export interface ServeConfig {
  readonly data: SigningConfig
  readonly listen: Endpoint
  /** Null: metrics are where everything else is. */
  readonly metricsListen: Endpoint | null
  /** Null: nobody's forwarded headers are read. */
  readonly trustedProxies: TrustsPeer | null
  /** What clients reach; no trailing slash. */
  readonly url: string
  readonly urlGiven: boolean
  /** Origin of the log that a new data directory gets. */
  readonly hostname: string
  /** Whether `hostname` was said, rather than taken from the URL or the default. */
  readonly hostnameGiven: boolean
  /** Of the logs that a new data directory gets. */
  readonly dialects: readonly DialectName[]
  readonly duplicates: 'return' | 'conflict'
  readonly intervalMs: number
  readonly attachmentLimit: number
  /** Null: everybody may write. */
  readonly writeTokens: TokensConfig | null
  /** Of the static copies; null: there are none. */
  readonly publish: Place | null
  /** The newest entries of each log, which stay in the database; null: all do. */
  readonly keepEntries: number | null
  readonly trust: TrustConfig
  /** Null: nobody asked for one. */
  readonly logLevel: ValueOf<'log-level'>
}

export interface TokensConfig {
  readonly path: string
  /** As they stood there at the start. */
  readonly tokens: readonly Token[]
}

export const SERVE_FLAGS: readonly SettingName[] = SETTING_NAMES

/** What a command takes that reads the logs of a data directory. */
export const DATA_FLAGS = ['config', 'data', 'ratchet', 'database'] as const satisfies readonly SettingName[]

/** What a command takes that reads entries, some of which may have left the database. */
export const ENTRY_FLAGS = [...DATA_FLAGS, 'publish'] as const satisfies readonly SettingName[]

/** What a command takes that makes a log sign. */
export const SIGNING_FLAGS = [...DATA_FLAGS, 'witness-policy'] as const satisfies readonly SettingName[]

/** @throws TlogError CONFIG_INVALID */
export function parseData(flags: Flags, env: Environment): DataConfig {
  const sources = new Sources(flags, env)
  const config = dataOf(sources, env)
  sources.problems.check()
  return config
}

/** As parseData, with the flag of SIGNING_FLAGS. @throws TlogError CONFIG_INVALID */
export function parseSigning(flags: Flags, env: Environment): SigningConfig {
  const sources = new Sources(flags, env)
  const config = signingOf(sources, env)
  sources.problems.check()
  return config
}

/** @throws TlogError CONFIG_INVALID naming everything that is wrong. */
export function parseServe(argv: readonly string[], env: Environment): ServeConfig {
  const problems = new Problems()
  const { flags, words } = parseFlags(argv, SERVE_FLAGS, [], problems)
  if (words.length > 0) problems.note('arguments', `serve takes flags alone, not ${words.join(' ')}`)
  return readServe(flags, env, problems).config
}

/** With who said what. @throws TlogError CONFIG_INVALID with what `problems` holds, and what is found here. */
export function readServe(
  flags: Flags,
  env: Environment,
  problems: Problems,
): { config: ServeConfig; sources: Sources } {
  const sources = new Sources(flags, env, problems)
  const config = serveOf(sources, env)
  problems.check()
  return { config, sources }
}

/** The config of a server whose free port is chosen: a URL that nobody gave names it. */
export function listeningAt(config: ServeConfig, listen: Endpoint): ServeConfig {
  return { ...config, listen, url: config.urlGiven ? config.url : localUrl(listen) }
}

/** @throws Error when the file cannot be read, or is not what `colophon token` writes. */
export function readTokens(path: string): TokensConfig {
  const tokens = parseSmallFile(path, TOKEN_FILE_MAX_BYTES, parseTokenFile)
  if ((statSync(path).mode & 0o022) !== 0) throw new Error(`${path} may be written by others: run chmod go-w on it`)
  return { path, tokens }
}

function dataOf(sources: Sources, env: Environment): DataConfig {
  const dir = resolve(sources.value('data') ?? '')
  const ratchet = placeAt(sources.value('ratchet') ?? join(dir, 'ratchet'), env, 'ratchet', sources.problems)
  // A backup takes these two: restored, its old ratchet would let the log sign a second history.
  const copied = ['keys', 'trust']
    .map((name) => join(dir, name))
    .find((folder) => ratchet.kind === 'directory' && contains(folder, ratchet.dir))
  if (copied !== undefined)
    sources.problems.note(
      sources.said('ratchet')?.place ?? '',
      `must not lie in ${copied}, which every backup takes along`,
    )
  const publish = sources.said('publish')?.text ?? ''
  const bundles = isS3Url(publish) ? publish : null
  return { dir, ratchet, passphrase: passphraseOf(env, sources.problems), database: databaseOf(sources, env), bundles }
}

function signingOf(sources: Sources, env: Environment): SigningConfig {
  return { ...dataOf(sources, env), witnessing: witnessingOf(sources) }
}

function witnessingOf(sources: Sources): WitnessingConfig | null {
  const text = sources.value('witness-policy')
  if (text === null) return null
  const path = resolve(text)
  return sources.problems.take(sources.said('witness-policy')?.place ?? '', null, () => {
    return { path, policy: readWitnessPolicy(path) }
  })
}

function databaseOf(sources: Sources, env: Environment): DatabaseConfig | null {
  const url = sources.value('database')
  const password = secretOf(env, DATABASE_PASSWORD_VARIABLE, sources.problems)
  return url === null ? null : { url, password }
}

export function passphraseOf(env: Environment, problems: Problems): string | undefined {
  return secretOf(env, PASSPHRASE_VARIABLE, problems)
}

/** An empty one is a secret that went missing on its way, and keys would be made in clear. */
function secretOf(env: Environment, variable: string, problems: Problems): string | undefined {
  const secret = env[variable]
  if (secret === '') problems.note(variable, 'is set, but empty: give it a value, or unset it')
  return secret === '' ? undefined : secret
}

function serveOf(sources: Sources, env: Environment): ServeConfig {
  const listening = listeningOf(sources)
  const data = signingOf(sources, env)
  const publish = publishOf(sources, data, env)
  return {
    ...listening,
    data,
    trustedProxies: sources.value('trusted-proxies'),
    publish,
    keepEntries: keptOf(sources, data.database !== null, publish),
    dialects: sources.value('dialects'),
    duplicates: sources.value('duplicates'),
    intervalMs: sources.value('interval'),
    attachmentLimit: sources.value('attachment-limit'),
    logLevel: sources.value('log-level'),
    writeTokens: tokensOf(sources),
    trust: trustOf(sources),
  }
}

/** Where a command copies logs to, or from. @throws TlogError CONFIG_INVALID */
export function parseCopyPlace(text: string, data: DataConfig, env: Environment): Place {
  const problems = new Problems()
  const place = copyPlace(
    problems.take(text, '.', () => parsePlace(text)),
    '',
    data,
    { env, problems },
  )
  problems.check()
  return place
}

function publishOf(sources: Sources, data: DataConfig, env: Environment): Place | null {
  const text = sources.value('publish')
  return text === null
    ? null
    : copyPlace(text, sources.said('publish')?.place ?? '', data, { env, problems: sources.problems })
}

type Listening = Pick<ServeConfig, 'listen' | 'metricsListen' | 'url' | 'urlGiven' | 'hostname' | 'hostnameGiven'>

function listeningOf(sources: Sources): Listening {
  const listen: Endpoint | null = sources.value('listen')
  const metricsListen = sources.value('metrics-listen')
  const urlGiven = sources.said('url') !== null
  const url = sources.value('url') ?? (listen === null ? '' : localUrl(listen))
  const hostname = sources.value('hostname') ?? hostOf(url, sources)
  if (listen?.kind === 'unix' && !urlGiven)
    sources.problems.note(
      sources.said('listen')?.place ?? '',
      'behind a unix socket, --url must say what clients reach',
    )
  if (listen !== null && metricsListen !== null && collide(listen, metricsListen))
    sources.problems.note(sources.said('metrics-listen')?.place ?? '', 'is the address of --listen')
  // A null is a problem that was noted, and no config is made of it.
  return {
    listen: listen as Endpoint,
    metricsListen,
    url,
    urlGiven,
    hostname,
    hostnameGiven: urlGiven || sources.said('hostname') !== null,
  }
}

/** A name that no log may have is refused where it comes from. */
function hostOf(url: string, sources: Sources): string {
  if (url === '') return ''
  return sources.problems.take(sources.said('url')?.place ?? '', '', () => parseHostname(new URL(url).hostname))
}

function localUrl(listen: Endpoint): string {
  return listen.kind === 'unix' ? 'http://localhost' : new URL(`http://localhost:${listen.port}`).origin
}

function tokensOf(sources: Sources): TokensConfig | null {
  const path = sources.value('write-tokens')
  if (path === null) return null
  return sources.problems.take(sources.said('write-tokens')?.place ?? '', null, () => readTokens(resolve(path)))
}
