/** The flags of `colophon witness`. It takes no configuration file: it has few settings, and each stands in its command. */

import { resolve } from 'node:path'
import { passphraseOf } from '../config.ts'
import { parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import type { Endpoint } from '../http/listen.ts'
import { collide } from './addresses.ts'
import { parseFlags, takeRepeated } from './flags.ts'
import { oneOf, parseEndpoint, parsePath, wholeNumber } from './parsers.ts'
import { Problems } from './problems.ts'
import type { Environment } from './sources.ts'

export interface WitnessConfig {
  readonly dir: string
  readonly name: string
  readonly passphrase: string | undefined
  readonly listen: Endpoint
  /** Null: metrics are where everything else is. */
  readonly metricsListen: Endpoint | null
  readonly logs: readonly Vkey[]
  /** Null: none. */
  readonly logListPath: string | null
  /** Cosignings a second of each of `logs`. */
  readonly perSecond: number
  /** Null: nobody asked for one. */
  readonly logLevel: (typeof LEVELS)[number] | null
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const FLAGS = ['listen', 'data', 'name', 'log-list', 'rate', 'metrics-listen', 'log-level'] as const

/** @throws TlogError CONFIG_INVALID naming everything that is wrong. */
export function parseWitness(argv: readonly string[], env: Environment): WitnessConfig {
  const problems = new Problems()
  const { values, rest } = takeRepeated(argv, 'log', problems)
  const { flags, words } = parseFlags(rest, FLAGS, [], problems)
  if (words.length > 0) problems.note('arguments', `witness takes flags alone, not ${words.join(' ')}`)
  if (flags.config !== undefined) problems.note('--config', 'there is no such flag')
  const read = <T>(name: (typeof FLAGS)[number], initial: T, parse: (text: string) => T): T => {
    const text = flags[name]
    return text === undefined ? initial : problems.take(`--${name}`, initial, () => parse(text))
  }
  const config = {
    dir: resolve(read('data', './witness', parsePath)),
    name: read('name', '', (text) => text),
    passphrase: passphraseOf(env, problems),
    listen: read<Endpoint>('listen', { kind: 'tcp', host: '127.0.0.1', port: 3001 }, parseEndpoint),
    metricsListen: read<Endpoint | null>('metrics-listen', null, parseEndpoint),
    logs: values.flatMap((text) => problems.take<Vkey[]>('--log', [], () => [parseVkey(text)])),
    logListPath: read<string | null>('log-list', null, (text) => resolve(parsePath(text))),
    perSecond: read('rate', 500, wholeNumber(1, 10_000)),
    logLevel: read<WitnessConfig['logLevel']>('log-level', null, oneOf(...LEVELS)),
  }
  if (flags.name === undefined || flags.name === '')
    problems.note('--name', 'is missing: what the witness is called in its keys, best a URL without its scheme')
  if (config.metricsListen !== null && collide(config.listen, config.metricsListen))
    problems.note('--metrics-listen', 'is the address of --listen')
  problems.check()
  return config
}
