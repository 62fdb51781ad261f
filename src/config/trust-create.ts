/** What `trust create` is told: flags, and a description whose `trust` is that of a server's configuration file. */

import { dirname, resolve } from 'node:path'
import type { Policy } from '../formats/c2sp/policy.ts'
import { list, object, text } from '../formats/fields.ts'
import type { JsonValue } from '../formats/json.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { type Flags, parseFlags } from './flags.ts'
import { parseHostname, parseUrl } from './parsers.ts'
import { Problems } from './problems.ts'
import { Sources } from './sources.ts'
import type { TrustConfig } from './trust.ts'
import { parseTime } from './trust-items.ts'
import { keyOfFile, type LogConfig, readLog, readPolicyFile } from './trust-logs.ts'
import { trustOf } from './trust-settings.ts'

export interface TrustCreateConfig {
  readonly out: string
  /** Whether keys that nobody named may be asked of the logs themselves. */
  readonly fetch: boolean
  readonly logs: readonly LogConfig[]
  readonly trust: TrustConfig
  /** Whose witnesses, groups, quorum and logs go into the policy. */
  readonly policy: Policy | null
}

const LOG_FLAGS = ['rekor-url', 'rekor-version', 'rekor-key', 'rekor-start', 'rekor-origin']
const TRUST_FLAGS = [
  'operator',
  'fulcio-url',
  'fulcio-certificate',
  'tsa-url',
  'tsa-certificate',
  'ct-log-url',
  'ct-log-key',
  'oidc-issuer',
]
/** Keys of the description that a server's configuration does not have. */
const OWN_KEYS = ['logs', 'policy']
const MAX_LOGS = 64

/** @throws TlogError CONFIG_INVALID naming everything that is wrong. */
export function parseTrustCreate(argv: readonly string[]): TrustCreateConfig {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(
    argv,
    ['out', 'config', 'policy', ...LOG_FLAGS, ...TRUST_FLAGS],
    ['fetch'],
    problems,
  )
  if (words.length > 0) problems.note('arguments', `trust create takes flags alone, not ${words.join(' ')}`)
  if (flags.out === undefined) problems.note('--out', 'says where the files go')
  const { config: path, ...rest } = flags
  const file =
    path === undefined ? null : problems.take('--config', null, () => readConfigFile(path, problems, OWN_KEYS))
  const logs = [...logsInFile(file, problems), ...logInFlags(flags, problems)]
  if (flags['rekor-url'] === undefined && file?.lists.has('logs') !== true)
    problems.note('', 'no log: --rekor-url, or `logs` in the file of --config')
  if (!on.has('fetch'))
    for (const { url, key } of logs)
      if (key === null) problems.note(url, 'its key is missing: name its file, or --fetch it and compare')
  const config = {
    out: flags.out ?? '',
    fetch: on.has('fetch'),
    logs,
    trust: trustOf(new Sources(rest, {}, problems, file)),
    policy: policyOf(flags, file, problems),
  }
  problems.check()
  return config
}

function logInFlags(flags: Flags, problems: Problems): LogConfig[] {
  if (flags['rekor-url'] === undefined) {
    for (const name of LOG_FLAGS) if (flags[name] !== undefined) problems.note(`--${name}`, 'goes with --rekor-url')
    return []
  }
  const take = <T>(name: string, parse: (text: string | undefined) => T): T | null =>
    problems.take<T | null>(`--${name}`, null, () => parse(flags[name]))
  const url = take('rekor-url', (text) => parseUrl(text ?? ''))
  const version = take('rekor-version', parseVersion)
  const key = take('rekor-key', (path) => (path === undefined ? null : keyOfFile(path)))
  const validFrom = take('rekor-start', parseStart)
  const origin = take('rekor-origin', (text) => parseHostname(text ?? new URL(url ?? 'http://localhost').hostname))
  if (url === null || version === null || validFrom === null || origin === null) return []
  return [{ url, version, origin, key, validFrom, validUntil: null, frozenAt: null }]
}

function parseVersion(text: string | undefined): 1 | 2 {
  if (text !== '1' && text !== '2') throw new Error('1 or 2 says which API the log has')
  return text === '1' ? 1 : 2
}

function parseStart(text: string | undefined): UnixMillis {
  if (text === undefined) throw new Error("the time of the log's first entry or before is missing")
  return parseTime(text)
}

/** Each is judged by itself, so that everything wrong is said. */
function logsInFile(file: ConfigFile | null, problems: Problems): LogConfig[] {
  const value = file?.lists.get('logs')
  if (file === null || value === undefined) return []
  const asItIs = (item: JsonValue) => item
  const items = problems.take<JsonValue[]>(file.path, [], () => list(asItIs, { max: MAX_LOGS })(value, 'logs'))
  const read = object((fields) => readLog(fields, dirname(file.path)))
  return items.flatMap((item, at) => problems.take<LogConfig[]>(file.path, [], () => [read(item, `logs[${at}]`)]))
}

function policyOf(flags: Flags, file: ConfigFile | null, problems: Problems): Policy | null {
  const { policy } = flags
  if (policy !== undefined) return problems.take('--policy', null, () => readPolicyFile(policy))
  const value = file?.lists.get('policy')
  if (file === null || value === undefined) return null
  return problems.take(file.path, null, () => readPolicyFile(resolve(dirname(file.path), text(value, 'policy'))))
}
