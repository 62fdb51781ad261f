/** What `audit` is asked: which logs, trusting whose keys, how often. Everything that is wrong is said at once. */

import { resolve } from 'node:path'
import { takeRepeated } from '../../config/flags.ts'
import { parseEndpoint, parseServiceUrl, wholeNumber } from '../../config/parsers.ts'
import { Problems } from '../../config/problems.ts'
import { parseFlags } from '../../config.ts'
import type { Policy } from '../../formats/c2sp/policy.ts'
import { type LogKey, parseLogKey } from '../../formats/log-key.ts'
import type { TrustedRoot } from '../../formats/sigstore/trusted-root.ts'
import type { Endpoint } from '../../http/listen.ts'
import { readTrust } from '../stated-trust.ts'
import type { World } from '../world.ts'

export interface AuditRequest {
  readonly urls: readonly string[]
  readonly dir: string
  /** What is stated of whom to trust. */
  readonly root: TrustedRoot | null
  readonly policy: Policy | null
  readonly keys: readonly LogKey[]
  /** Monitoring prefixes. */
  readonly witnesses: readonly string[]
  readonly once: boolean
  readonly intervalMs: number
  readonly maxAgeMs: number | null
  readonly graceMs: number
  readonly again: boolean
  readonly metricsListen: Endpoint | null
  readonly json: boolean
}

const FLAGS = ['state', 'trusted-root', 'policy', 'interval', 'max-age', 'grace', 'metrics-listen'] as const
const SWITCHES = ['once', 'from-start', 'json']
const YEAR_S = 366 * 86_400

/** @throws TlogError CONFIG_INVALID */
export async function parseAudit(argv: readonly string[], { env }: Pick<World, 'env'>): Promise<AuditRequest> {
  const problems = new Problems()
  const keys = takeRepeated(argv, 'log-key', problems)
  const witnesses = takeRepeated(keys.rest, 'witness', problems)
  const { flags, on, words } = parseFlags(witnesses.rest, FLAGS, SWITCHES, problems)
  const seconds = (name: (typeof FLAGS)[number], initial: number, min: number) => {
    const text = flags[name]
    return (
      1000 * (text === undefined ? initial : problems.take(`--${name}`, initial, () => wholeNumber(min, YEAR_S)(text)))
    )
  }
  const each = <T>(place: string, texts: readonly string[], parse: (text: string) => T) =>
    texts.flatMap((text) => problems.take<T[]>(place, [], () => [parse(text)]))
  if (words.length === 0) problems.note('', 'say which log to audit, by its URL')
  const { root, policy } = await readTrust(flags, env, problems)
  const listen = flags['metrics-listen']
  const request = {
    urls: each('', [...new Set(words)], withoutSlash),
    dir: resolve(flags.state ?? './audit'),
    root,
    policy,
    keys: each('--log-key', keys.values, parseLogKey),
    witnesses: each('--witness', [...new Set(witnesses.values)], withoutSlash),
    once: on.has('once'),
    intervalMs: seconds('interval', 60, 1),
    maxAgeMs: flags['max-age'] === undefined ? null : seconds('max-age', 0, 1),
    graceMs: seconds('grace', 3600, 0),
    again: on.has('from-start'),
    metricsListen: listen === undefined ? null : problems.take('--metrics-listen', null, () => parseEndpoint(listen)),
    json: on.has('json'),
  }
  if (request.keys.length > 0 && (root !== null || (policy !== null && policy.logs.length > 0)))
    problems.note('--log-key', 'not together with a trusted root, or a policy that names logs: they name the keys')
  if (request.once && request.metricsListen !== null) problems.note('--metrics-listen', 'not together with --once')
  problems.check()
  return request
}

function withoutSlash(text: string): string {
  return parseServiceUrl(text).replace(/\/+$/, '')
}
