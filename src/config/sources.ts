/** Who says what a setting is: a flag before a variable, before the file, before the default. */

import { CLIENT_VARIABLES } from './client-variables.ts'
import { type ConfigFile, placeInFile, readConfigFile } from './config-file.ts'
import type { Flags } from './flags.ts'
import { flagOf, keyOf, variableOf } from './names.ts'
import { STORE_VARIABLES } from './object-store.ts'
import { Problems } from './problems.ts'
import {
  DATABASE_PASSWORD_VARIABLE,
  PASSPHRASE_VARIABLE,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type ValueOf,
} from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Source = 'flag' | 'environment' | 'file' | 'default'

export interface Said {
  readonly text: string
  readonly source: Source
  /** The flag, the variable, or the file and its key: what messages name. */
  readonly place: string
}

const PREFIX = 'COLOPHON_'
/** What Kubernetes and Docker set for a service whose name begins with ours; nobody typed it. */
const SERVICE_LINK =
  /^COLOPHON_(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)=/
/** Such a `…_PORT` is the URL of one; a number is someone's typing error. */
const TYPED_PORT = /^COLOPHON_(?:\w+_)?(?<!SERVICE_)PORT=(?!tcp:|udp:|sctp:)/

/** The settings of one run. Everything wrong is noted in `problems`; the caller checks them once, at the end. */
export class Sources {
  readonly problems: Problems
  readonly file: ConfigFile | null
  readonly #flags: Flags
  readonly #env: Environment

  /** @param file one that was read before; else the one that is named as `config` */
  constructor(flags: Flags, env: Environment, problems: Problems = new Problems(), file: ConfigFile | null = null) {
    this.problems = problems
    this.#flags = flags
    this.#env = env
    noteUnknown(env, problems)
    this.file = file // until it is read, it says nothing of itself
    const config = this.said('config')
    if (config !== null)
      this.file = problems.take(config.place, null, () => readConfigFile(SETTINGS.config.parse(config.text), problems))
  }

  /** Null when nobody said it and there is no default. */
  said(name: SettingName): Said | null {
    const flag = this.#flags[name]
    if (flag !== undefined) return { text: flag, source: 'flag', place: flagOf(name) }
    const variable = this.#env[variableOf(name)]
    if (variable !== undefined) return { text: variable, source: 'environment', place: variableOf(name) }
    const inFile = this.file?.texts.get(name)
    if (this.file !== null && inFile !== undefined)
      return { text: inFile, source: 'file', place: placeInFile(this.file.path, keyOf(name) ?? '') }
    const { initial }: Setting = SETTINGS[name]
    return initial === null ? null : { text: initial, source: 'default', place: flagOf(name) }
  }

  /** The value, or null when there is none or it is wrong; what is wrong is noted. */
  value<N extends SettingName>(name: N): ValueOf<N> {
    const said = this.said(name)
    const { parse }: Setting = SETTINGS[name]
    // The table pairs each name with its parser; where null is no value of N, problems.check() throws before it is used.
    return (said === null ? null : this.problems.take(said.place, null, () => parse(said.text))) as ValueOf<N>
  }
}

/** A typing error in a variable must not pass for silence. */
export function noteUnknown(env: Environment, problems: Problems): void {
  const known = new Set<string>([
    ...SETTING_NAMES.map(variableOf),
    PASSPHRASE_VARIABLE,
    DATABASE_PASSWORD_VARIABLE,
    ...Object.values(CLIENT_VARIABLES),
    ...Object.values(STORE_VARIABLES).flatMap((names) => Object.values(names).flat()),
  ])
  for (const [name, value] of Object.entries(env).sort())
    if (name.startsWith(PREFIX) && !known.has(name) && !isServiceLink(`${name}=${value}`))
      problems.note(name, 'there is no such setting')
}

function isServiceLink(assignment: string): boolean {
  return SERVICE_LINK.test(assignment) && !TYPED_PORT.test(assignment)
}
