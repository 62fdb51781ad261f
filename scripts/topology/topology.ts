/** The services of docker-compose.yml as processes: in its order, with its commands, environments and health checks. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseDockerfile, parsePairs, parseWords } from '../../test/e2e/container/dockerfile.ts'
import { client, freePort, ROOT } from '../../test/e2e/support.ts'
import { parseCompose, type Service } from './compose.ts'
import { type Kept, keep } from './keeper.ts'
import { type Layout, layOut } from './layout.ts'
import { owner, preparePostgres } from './postgres.ts'

export interface TopologyOptions {
  /** Volumes, and the programs of PostgreSQL; whoever runs that must be able to go through it. */
  readonly folder: string
  /** What docker-compose.yml's variables are taken from. */
  readonly env: NodeJS.ProcessEnv
  readonly say: (line: string) => void
}

/** How our image is run. */
interface Image {
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

const ASKED_EACH_MS = 300
/** 128 and SIGTERM: so ends HAProxy's master when it is asked to. */
const TERMINATED = 143
const PROBE = join(ROOT, 'scripts/topology/probe.ts')
/** Of this machine, and of nobody's settings. */
const MACHINE = ['PATH', 'HOME', 'LANG', 'TMPDIR']

export class Topology {
  readonly services: ReadonlyMap<string, Service>
  readonly #layout: Layout
  readonly #folder: string
  readonly #programs: ReadonlyMap<string, readonly string[]>
  readonly #image: Image
  readonly #say: TopologyOptions['say']
  readonly #running = new Map<string, Kept>()
  readonly #ready = new Map<string, Promise<void>>()
  #closing = false

  private constructor(
    options: TopologyOptions,
    services: ReadonlyMap<string, Service>,
    layout: Layout,
    programs: ReadonlyMap<string, readonly string[]>,
  ) {
    this.services = services
    this.#layout = layout
    this.#folder = options.folder
    this.#say = options.say
    this.#programs = programs
    this.#image = ourImage()
  }

  /** @throws Error when docker-compose.yml is not understood, or a program is missing. */
  static async read(options: TopologyOptions): Promise<Topology> {
    const services = parseCompose(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), options.env)
    const { folder } = options
    const layout = await layOut({ services, root: ROOT, volumes: join(folder, 'volumes'), portFor: keptPorts(folder) })
    const probe = (name: string) => [name, [process.execPath, PROBE, name]] as const
    const programs = new Map<string, readonly string[]>([
      ['node', [process.execPath]],
      ['/usr/local/bin/versitygw', [await client('versitygw')]],
      ['haproxy', [haproxy()]],
      probe('wget'),
      probe('pg_isready'),
    ])
    return new Topology(options, services, layout, programs)
  }

  url(service: string, target: number): string {
    return `http://127.0.0.1:${this.#layout.port(service, target)}`
  }

  /** Where a path of a service's container is on this machine. */
  path(service: string, path: string): string {
    return this.#layout.path(this.#service(service), path)
  }

  /** Everything, each once what it needs is there. @throws Error when something ends or does not become healthy. */
  async up(): Promise<void> {
    await Promise.all([...this.services.keys()].map((name) => this.#start(name)))
  }

  /** Once more, after it was ended. */
  async again(name: string): Promise<void> {
    this.#ready.delete(name)
    await this.#start(name)
  }

  /** SIGKILL. */
  async kill(name: string): Promise<void> {
    const kept = this.#running.get(name)
    kept?.signal('KILL')
    await kept?.ended
    this.#running.delete(name)
  }

  /** SIGTERM, and SIGKILL after its time. Returns the exit code. */
  async stop(name: string): Promise<number> {
    const kept = this.#running.get(name)
    if (kept === undefined) return 0
    // The image's STOPSIGNAL: PostgreSQL waits for its clients at SIGTERM.
    kept.signal(name === 'postgres' ? 'INT' : 'TERM')
    const late = setTimeout(() => kept.signal('KILL'), this.#service(name).stopMs)
    const code = await kept.ended
    clearTimeout(late)
    this.#running.delete(name)
    return name === 'balancer' && code === TERMINATED ? 0 : code
  }

  /** What needs others ends before them. Returns those that did not end well. */
  async down(): Promise<readonly string[]> {
    this.#closing = true
    const bad = await this.#stopAll()
    await Promise.allSettled(this.#ready.values()) // what was about to start has not, or ends here
    return [...bad, ...(await this.#stopAll())]
  }

  async #stopAll(): Promise<readonly string[]> {
    const bad: string[] = []
    const left = new Set(this.#running.keys())
    while (left.size > 0) {
      const needed = new Set([...left].flatMap((name) => Object.keys(this.#service(name).needs)))
      const free = [...left].filter((name) => !needed.has(name))
      await Promise.all(
        free.map(async (name) => {
          const code = await this.stop(name)
          if (code !== 0) bad.push(`${name} ended with ${code}`)
          left.delete(name)
        }),
      )
    }
    return bad
  }

  /** What its health check says, once. */
  async isHealthy(name: string): Promise<boolean> {
    const { health } = this.#service(name)
    if (health === null || this.#running.get(name)?.isRunning() !== true) return false
    const [program = '', ...args] = this.#words(name, health.command)
    const child = spawn(program, args, {
      cwd: ROOT,
      env: this.#env(name),
      stdio: 'ignore',
      timeout: health.timeoutMs,
    })
    const [code] = await once(child, 'exit')
    return code === 0
  }

  #start(name: string): Promise<void> {
    const ready = this.#ready.get(name) ?? this.#starting(this.#service(name))
    this.#ready.set(name, ready)
    return ready
  }

  async #starting(service: Service): Promise<void> {
    const { name, needs, once, health } = service
    await Promise.all(Object.keys(needs).map((other) => this.#start(other)))
    if (this.#closing) throw new Error(`${name} is not started any more`)
    this.#layout.mount(service)
    const options = { cwd: ROOT, env: this.#env(name), onLine: (line: string) => this.#say(`${name}: ${line}`) }
    const kept = keep(this.#command(service), { ...options, ...(name === 'postgres' && { owner }), cwd: this.#folder })
    if (once) {
      const code = await kept.ended
      if (code !== 0) throw new Error(`${name} ended with ${code}`)
      return
    }
    this.#running.set(name, kept)
    for (const deadline = Date.now() + (health?.startMs ?? 0); Date.now() < deadline; await sleep(ASKED_EACH_MS)) {
      if (await this.isHealthy(name)) return this.#say(`${name} is healthy`)
      if (!kept.isRunning()) throw new Error(`${name} ended with ${await kept.ended}`)
    }
    throw new Error(`${name} does not become healthy`)
  }

  #command(service: Service): readonly string[] {
    const { name, image, entrypoint, command, environment } = service
    if (image.startsWith('postgres:')) {
      const [data, port] = [this.path(name, '/var/lib/postgresql/data'), this.#layout.port(name, 5432)]
      return preparePostgres({ programs: join(this.#folder, 'postgres'), data, port, env: environment })
    }
    const first = entrypoint ?? (image === 'colophon' ? this.#image.entrypoint : [])
    // As Compose has it: an entrypoint of the file leaves out the image's command.
    const rest = command ?? (image === 'colophon' && entrypoint === null ? this.#image.command : [])
    return this.#words(name, [...first, ...rest])
  }

  #words(name: string, [program = '', ...args]: readonly string[]): readonly string[] {
    const known = this.#programs.get(program)
    if (known === undefined) throw new Error(`${name}: no program for ${program}`)
    return [...known, ...args.map((word) => this.#layout.word(this.#service(name), word))]
  }

  #env(name: string): NodeJS.ProcessEnv {
    const service = this.#service(name)
    const machine = MACHINE.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]] as const]))
    const said = { ...(service.image === 'colophon' && this.#image.env), ...service.environment }
    const moved = Object.entries(said).map(([key, value]) => [key, this.#layout.word(service, value)] as const)
    const port = service.image.startsWith('postgres:') ? { PGPORT: `${this.#layout.port(name, 5432)}` } : {}
    return { ...Object.fromEntries([...machine, ...moved]), ...port }
  }

  #service(name: string): Service {
    const service = this.services.get(name)
    if (service === undefined) throw new Error(`there is no service ${name}`)
    return service
  }
}

/** The same in a folder each time: as names do in an engine, addresses stand in what the volumes hold. */
function keptPorts(folder: string): (place: string) => Promise<number> {
  const file = join(folder, 'ports.json')
  const kept = new Map<string, number>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [])
  return async (place) => {
    const port = kept.get(place) ?? (await freePort())
    kept.set(place, port)
    writeFileSync(file, JSON.stringify([...kept]))
    return port
  }
}

/** @throws Error with what to do. */
function haproxy(): string {
  const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v haproxy'], { env: { PATH: path }, encoding: 'utf8' }).trim()
  } catch (error) {
    throw new Error(
      'the load balancer is HAProxy, which is missing: apt-get install haproxy, or brew install haproxy',
      { cause: error },
    )
  }
}

/** The last stage of the Dockerfile. */
function ourImage(): Image {
  const stage = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).at(-1)
  const said = (keyword: string) =>
    stage?.instructions.filter((one) => one.keyword === keyword).map(({ args }) => args) ?? []
  const words = (keyword: string) => parseWords(said(keyword).at(-1) ?? '')
  const env = Object.assign({}, ...said('ENV').map(parsePairs)) as Record<string, string>
  return { env, entrypoint: words('ENTRYPOINT'), command: words('CMD') }
}
