/**
 * Reads docker-compose.yml as far as ours goes (docs.docker.com/reference/compose-file): what is not understood is refused, not
 * passed over, so that the processes are what the file says.
 */

import { parse } from 'yaml'

export interface Service {
  readonly name: string
  readonly image: string
  /** Null: the image's. */
  readonly entrypoint: readonly string[] | null
  readonly command: readonly string[] | null
  readonly environment: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  readonly ports: readonly Port[]
  readonly needs: Readonly<Record<string, Condition>>
  /** Null: none. */
  readonly health: { readonly command: readonly string[]; readonly timeoutMs: number; readonly startMs: number } | null
  /** Runs to its end before others start. */
  readonly once: boolean
  readonly stopMs: number
}

export type Condition = 'service_healthy' | 'service_completed_successfully'

export interface Mount {
  readonly kind: 'volume' | 'bind'
  readonly source: string
  readonly target: string
  /** Of the volume; empty: all of it. */
  readonly subpath: string
}

export interface Port {
  readonly published: number
  readonly target: number
}

/** Of an engine: what processes of one user, without images, cannot have. */
const ENGINE = ['build', 'restart', 'user', 'read_only', 'cap_drop', 'security_opt', 'logging', 'tmpfs']
const READ = ['image', 'entrypoint', 'command', 'environment', 'volumes', 'ports', 'depends_on', 'healthcheck']
const HEALTH = ['test', 'interval', 'timeout', 'start_period', 'start_interval', 'retries', 'disable']
const STOP_MS = 10_000

type Fields = Readonly<Record<string, unknown>>

/** @throws Error at what is not understood. @param env what `${NAME:-default}` and variables without a value take */
export function parseCompose(text: string, env: NodeJS.ProcessEnv): ReadonlyMap<string, Service> {
  const file = interpolated(parse(text, { merge: true }), env) as Fields
  const { name: _, services, volumes, ...rest } = file
  only(rest, 'the file', [], /^x-/)
  const named = Object.keys(fields(volumes, 'volumes'))
  const read = Object.entries(fields(services, 'services')).map(([name, one]) =>
    serviceOf(name, fields(one, name), env),
  )
  for (const { name, mounts } of read)
    for (const { kind, source } of mounts)
      if (kind === 'volume' && !named.includes(source)) throw new Error(`${name}: there is no volume ${source}`)
  return new Map(read.map((service) => [service.name, service]))
}

function serviceOf(name: string, given: Fields, env: NodeJS.ProcessEnv): Service {
  only(given, name, [...ENGINE, ...READ, 'stop_grace_period'])
  const { image, entrypoint, command, environment, volumes, ports, depends_on, healthcheck, stop_grace_period } = given
  const variables = Object.entries(fields(environment ?? {}, `${name}: environment`)).flatMap(([key, value]) => {
    const said = value ?? env[key]
    return said === undefined ? [] : [[key, string(said, key)] as const]
  })
  const needs = Object.entries(fields(depends_on ?? {}, `${name}: depends_on`))
  return {
    name,
    image: string(image, `${name}: image`),
    entrypoint: entrypoint === undefined ? null : strings(entrypoint, `${name}: entrypoint`),
    command: command === undefined ? null : strings(command, `${name}: command`),
    environment: Object.fromEntries(variables),
    mounts: list(volumes ?? []).map((mount) => mountOf(mount, name)),
    ports: strings(ports ?? [], `${name}: ports`).map((port) => portOf(port, name)),
    needs: Object.fromEntries(needs.map(([other, need]) => [other, conditionOf(fields(need, other), name)])),
    health: healthOf(fields(healthcheck ?? { disable: true }, `${name}: healthcheck`), name),
    once: given.restart === 'no',
    stopMs: stop_grace_period === undefined ? STOP_MS : milliseconds(stop_grace_period),
  }
}

/** `SOURCE:TARGET[:ro]`, or the long form of a volume. */
function mountOf(mount: unknown, name: string): Mount {
  if (typeof mount === 'string') {
    const [, source = '', target = ''] = match(/^([\w./-]+):(\/[\w/-]+)(?::ro)?$/, mount, name)
    return { kind: source.startsWith('.') ? 'bind' : 'volume', source, target, subpath: '' }
  }
  const { type, source, target, volume, ...rest } = fields(mount, `${name}: volumes`)
  only(rest, `${name}: volumes`, ['read_only'])
  if (type !== 'volume') throw new Error(`${name}: a mount of type ${type}`)
  const { subpath = '', ...more } = fields(volume ?? {}, name)
  only(more, `${name}: volume`, ['nocopy'])
  return { kind: 'volume', source: string(source, name), target: string(target, name), subpath: string(subpath, name) }
}

function portOf(text: string, name: string): Port {
  const [, published, target] = match(/^127\.0\.0\.1:(\d+):(\d+)$/, text, `${name}: ports`)
  return { published: Number(published), target: Number(target) }
}

function conditionOf({ condition, ...rest }: Fields, name: string): Condition {
  only(rest, `${name}: depends_on`, [])
  if (condition !== 'service_healthy' && condition !== 'service_completed_successfully')
    throw new Error(`${name}: the condition ${condition}`)
  return condition
}

function healthOf(given: Fields, name: string): Service['health'] {
  only(given, `${name}: healthcheck`, HEALTH)
  if (given.disable === true) return null
  const [kind, ...command] = strings(given.test, `${name}: test`)
  if (kind !== 'CMD') throw new Error(`${name}: a health check that is no CMD`)
  return { command, timeoutMs: milliseconds(given.timeout), startMs: milliseconds(given.start_period) }
}

function milliseconds(text: unknown): number {
  const [, count, unit] = match(/^(\d+)(s|m)$/, string(text, 'a time'), 'a time')
  return Number(count) * (unit === 's' ? 1000 : 60_000)
}

function interpolated(value: unknown, env: NodeJS.ProcessEnv): unknown {
  if (typeof value === 'string')
    return value.replaceAll(/\$(?:\{(\w+):-([^}]*)\})?/g, (_, name?: string, initial = '') => {
      if (name === undefined) throw new Error(`a variable that is not written as \${NAME:-default}: ${value}`)
      return env[name] || initial
    })
  if (Array.isArray(value)) return value.map((one) => interpolated(one, env))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolated(one, env)]))
}

function only(given: Fields, where: string, known: readonly string[], also = /^$/): void {
  const strange = Object.keys(given).filter((key) => !known.includes(key) && !also.test(key))
  if (strange.length > 0) throw new Error(`${where}: not understood: ${strange.join(', ')}`)
}

function fields(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where}: not a mapping`)
  return value as Fields
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`not a list: ${value}`)
  return value
}

function strings(value: unknown, where: string): readonly string[] {
  return list(value).map((one) => string(one, where))
}

function string(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new Error(`${where}: not a string: ${value}`)
  return value
}

function match(pattern: RegExp, text: string, where: string): RegExpExecArray {
  const found = pattern.exec(text)
  if (found === null) throw new Error(`${where}: not understood: ${text}`)
  return found
}
