/** Where the addresses and paths of containers are on this machine: ports of 127.0.0.1, and a folder for each volume. */

import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Mount, Service } from './compose.ts'

export interface Layout {
  /** A word of a command, or the value of a variable, as the service has it in its container. */
  word(service: Service, text: string): string
  /** Where a path of the service's container is. */
  path(service: Service, path: string): string
  port(service: string, target: number): number
  /** The volumes of a service are there, one within another too. */
  mount(service: Service): void
}

export interface LayoutOptions {
  readonly services: ReadonlyMap<string, Service>
  /** The clone, which is /app in our image. */
  readonly root: string
  readonly volumes: string
  /** For a place, `SERVICE:PORT`, that the file does not publish. */
  readonly portFor: (place: string) => Promise<number>
}

const ADDRESS = /\b([a-z][a-z-]*|0\.0\.0\.0|127\.0\.0\.1):(\d+)\b/g

export async function layOut({ services, root, volumes, portFor }: LayoutOptions): Promise<Layout> {
  const ports = new Map<string, number>()
  const own = (host: string, service: Service) => (/^\d/.test(host) ? service.name : host)
  for (const service of services.values()) {
    for (const { published, target } of service.ports) ports.set(`${service.name}:${target}`, published)
    for (const text of [
      ...(service.entrypoint ?? []),
      ...(service.command ?? []),
      ...Object.values(service.environment),
    ])
      await reserve(text, service)
    for (const text of service.health?.command ?? []) await reserve(text, service)
  }

  async function reserve(text: string, service: Service): Promise<void> {
    for (const [, host = '', target] of text.matchAll(ADDRESS)) {
      const place = `${own(host, service)}:${target}`
      if (services.has(own(host, service)) && !ports.has(place)) ports.set(place, await portFor(place))
    }
  }

  const source = ({ kind, source, subpath }: Mount) =>
    kind === 'bind' ? resolve(root, source) : join(volumes, source, subpath)
  const places = ({ mounts, image }: Service) => [
    ...mounts.map((mount) => ({ target: mount.target, source: source(mount) })),
    ...(image === 'colophon' ? [{ target: '/app', source: root }] : []),
  ]
  const path = (service: Service, text: string) => {
    const found = places(service)
      .filter(({ target }) => text === target || text.startsWith(`${target}/`))
      .sort((a, b) => b.target.length - a.target.length)[0]
    return found === undefined ? text : found.source + text.slice(found.target.length)
  }
  return {
    path,
    word: (service, text) =>
      path(service, text).replaceAll(ADDRESS, (whole, host: string, target: string) => {
        const port = ports.get(`${own(host, service)}:${target}`)
        return port === undefined ? whole : `127.0.0.1:${port}`
      }),
    port(service, target) {
      const port = ports.get(`${service}:${target}`)
      if (port === undefined) throw new Error(`${service} does not listen on ${target}`)
      return port
    },
    mount(service) {
      for (const mount of service.mounts) if (mount.kind === 'volume') make(join(volumes, mount.source))
      for (const mount of service.mounts) {
        const around = service.mounts.find(({ target }) => mount.target.startsWith(`${target}/`))
        if (around === undefined) continue
        const link = join(source(around), relative(around.target, mount.target))
        rmSync(link, { force: true })
        symlinkSync(relative(dirname(link), source(mount)), link)
      }
    },
  }
}

/** PostgreSQL, another user where we are root, goes through the folder around them. */
function make(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o711 })
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
}
