/** `colophon config check`: what a server would run with, and who said so. */

import { keyOf } from '../config/names.ts'
import { STORE_VARIABLES } from '../config/object-store.ts'
import { describePlace } from '../config/place.ts'
import {
  DATABASE_PASSWORD_VARIABLE,
  PASSPHRASE_VARIABLE,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
} from '../config/settings.ts'
import type { Source, Sources } from '../config/sources.ts'
import { Problems, parseFlags, readServe, SERVE_FLAGS, type ServeConfig } from '../config.ts'
import { TlogError } from '../kernel/error.ts'
import type { Command, ExitCode, World } from './world.ts'

interface Row {
  readonly name: string
  /** Null: nothing was said, and there is no default. */
  readonly value: string | null
  readonly source: Source
  /** The flag, the variable, or the file and its key; null for a default. */
  readonly from: string | null
}

export const config: Command = {
  name: 'config',
  usage: `colophon config check [--FLAG VALUE]... [--json]

  Reads flags (those of serve), variables and file as serve would, and the certificates, keys and tokens that they name,
  and starts nothing. Prints each setting and who said it; of a secret, whether it is set.
  Exit code 0: a server can start with it. 2: problems, all of them, one a line.`,

  async run(argv, world): Promise<ExitCode> {
    const problems = new Problems()
    const { flags, on, words } = parseFlags(argv, SERVE_FLAGS, ['json'], problems)
    if (words[0] !== 'check' || words.length > 1) throw new TlogError('CONFIG_INVALID', 'config takes `check`')
    const { config, sources } = readServe(flags, world.env, problems)
    const rows = [
      ...settingRows(config, sources),
      ...trustRows(config, sources),
      ...storeRows(config),
      ...secretRows(world),
    ]
    world.print(on.has('json') ? asJson(rows) : asText(rows))
    return 0
  },
}

function isList(name: SettingName): boolean {
  const { inFile }: Setting = SETTINGS[name]
  return inFile === 'objects'
}

function settingRows(config: ServeConfig, sources: Sources): Row[] {
  const worked: Partial<Record<SettingName, string | null>> = {
    url: config.url.endsWith(':0') ? null : config.url, // the port is still to be chosen
    hostname: config.hostname,
    data: config.data.dir,
    ratchet: describePlace(config.data.ratchet),
    publish: config.publish === null ? null : describePlace(config.publish),
    'witness-policy': config.data.witnessing?.path ?? null,
    'write-tokens': config.writeTokens?.path ?? null,
  }
  return SETTING_NAMES.filter((name) => !isList(name)).map((name) => {
    const said = sources.said(name)
    const source = said?.source ?? 'default'
    return {
      name,
      value: worked[name] ?? said?.text ?? null,
      source,
      from: source === 'default' ? null : (said?.place ?? null),
    }
  })
}

/** A row for each list below `trust`, whoever said it. */
function trustRows({ trust }: ServeConfig, sources: Sources): Row[] {
  const lists: readonly [SettingName, readonly string[]][] = [
    ['fulcio-url', trust.certificateAuthorities.map(({ url }) => url)],
    ['tsa-url', trust.timestampAuthorities.map(({ url }) => url)],
    ['ct-log-url', trust.ctLogs.map(({ url }) => url)],
    ['oidc-issuer', trust.oidcIssuers],
  ]
  return lists.map(([name, urls]) => {
    const key = keyOf(name) ?? ''
    const said = sources.said(name)
    const inFile = said === null && sources.file?.lists.has(key) === true
    return {
      name: key,
      value: urls.length === 0 ? null : urls.join(', '),
      source: said?.source ?? (inFile ? 'file' : 'default'),
      from: said?.place ?? (inFile ? `${sources.file?.path}: ${key}` : null),
    }
  })
}

/** How object stores are reached, and who says so; of their credentials, that they are set. */
function storeRows({ publish, data }: ServeConfig): Row[] {
  const places = [
    ['publish', publish, STORE_VARIABLES.copies],
    ['ratchet', data.ratchet, STORE_VARIABLES.ratchet],
  ] as const
  return places.flatMap(([name, place, { accessKeyId, endpoint, region }]): Row[] => {
    if (place?.kind !== 'objects') return []
    const { access } = place
    const store = `${access.endpoint}, region ${access.region}, bucket in the ${access.addressing}`
    return [
      { name: `${name} store`, value: store, source: 'environment', from: [...endpoint, ...region].join(', ') },
      { name: `${name} credentials`, value: '(set, not shown)', source: 'environment', from: accessKeyId },
    ]
  })
}

function secretRows(world: World): Row[] {
  const variables = { passphrase: PASSPHRASE_VARIABLE, databasePassword: DATABASE_PASSWORD_VARIABLE }
  return Object.entries(variables).map(([name, variable]) => {
    const isSet = Boolean(world.env[variable])
    return {
      name,
      value: isSet ? '(set, not shown)' : null,
      source: isSet ? 'environment' : 'default',
      from: isSet ? variable : null,
    }
  })
}

function asJson(rows: readonly Row[]): string {
  const settings = Object.fromEntries(rows.map(({ name, ...row }) => [name, row]))
  return `${JSON.stringify({ settings }, null, 2)}\n`
}

function asText(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const widest = Math.max(...rows.map((row) => shown(row).length))
  return rows
    .map((row) => `${row.name.padEnd(width)}  ${shown(row).padEnd(widest)}  ${row.from ?? 'default'}\n`)
    .join('')
}

function shown({ name, value }: Row): string {
  const setting: Setting | undefined = Object.hasOwn(SETTINGS, name) ? SETTINGS[name as SettingName] : undefined
  return value ?? `(${setting?.otherwise ?? 'none'})`
}
