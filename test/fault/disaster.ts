/** An operator who follows docs/operate.md word for word: its commands, on a machine of their own in a folder. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CHILD_ENV } from '../child-env.ts'
import { hashedRekord } from '../dialects/rekor-v1/support.ts'
import { P256 } from '../dialects/rekor-v2/support.ts'
import { freePort, ROOT } from '../e2e/support.ts'
import { Checker } from './checker.ts'
import { createRandom, Load } from './load.ts'
import { type Read, readFrom } from './tree.ts'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/operate.md', import.meta.url)), 'utf8')
/** The one path that a test cannot have for itself. */
const ENV_FILE = '/etc/colophon.env'
const IN_STEP_MS = 3000

/** The commands of the page by the name in front of them. */
export const STEPS: ReadonlyMap<string, string> = new Map(
  [...PAGE.matchAll(/^<!-- run: ([a-z-]+) -->\n```sh\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
)

export interface Done {
  readonly code: number
  /** What was printed, on both streams. */
  readonly text: string
}

export class Operator {
  readonly folder: string
  readonly url: string
  checker!: Checker
  load!: Load
  readonly #name: string

  private constructor(folder: string, name: string, port: number, backups: string) {
    this.#name = name
    this.folder = join(folder, name)
    this.url = `http://127.0.0.1:${port}`
    for (const part of ['bin', 'etc', 'run']) mkdirSync(join(this.folder, part), { recursive: true })
    const places = {
      COLOPHON_URL: 'https://log.example.org',
      COLOPHON_LISTEN: `127.0.0.1:${port}`,
      COLOPHON_DATA: this.place('data'),
      COLOPHON_RATCHET: this.place('ratchet'),
      COLOPHON_PUBLISH: this.place('www'),
      BACKUPS: backups,
    }
    mkdirSync(backups, { recursive: true })
    writeFileSync(
      this.#envFile,
      Object.entries(places)
        .map((pair) => `${pair.join('=')}\n`)
        .join(''),
    )
    this.#command('colophon', `unset NODE_OPTIONS # of tap\nexec ${process.execPath} ${join(ROOT, 'src/main.ts')} "$@"`)
    this.#command('systemctl', systemctl(this.folder, this.#envFile))
  }

  /** A machine with nothing on it but what the page says under "Install". */
  static async create(folder: string, name: string, backups = join(folder, name, 'backups')): Promise<Operator> {
    return new Operator(folder, name, await freePort(), backups)
  }

  /** A machine whose log runs, with `count` entries. */
  static async running(folder: string, name: string, count: number): Promise<Operator> {
    const operator = await Operator.create(folder, name)
    await operator.follow('start')
    await operator.watch('v2')
    await operator.load.fill(operator.url, count)
    return operator
  }

  place(name: string): string {
    return join(this.folder, name)
  }

  /** Runs a step of the page. @throws Error unless it ends with 0. */
  async follow(step: string): Promise<string> {
    const { code, text } = await this.tryTo(step)
    if (code !== 0) throw new Error(`${this.#name}: ${step} ended with ${code}\n${text}`)
    return text
  }

  async tryTo(step: string): Promise<Done> {
    const text = STEPS.get(step)
    if (text === undefined) throw new Error(`the page has no step ${step}`)
    return await this.shell(text)
  }

  /** As typed after the first step of the page. */
  async shell(text: string): Promise<Done> {
    const script = `${STEPS.get('shell')}\n${text}`.replaceAll(ENV_FILE, this.#envFile)
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', script], {
      cwd: this.folder,
      env: { ...CHILD_ENV, PATH: `${this.place('bin')}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const parts: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part))
    const [code] = await once(child, 'close')
    return { code: code ?? 137, text: Buffer.concat(parts).toString() }
  }

  /** From here on, what `slug` answers is held against its key. */
  async watch(slug: string): Promise<void> {
    const { text } = await this.shell('colophon log list --json')
    const logs = JSON.parse(text) as readonly { readonly slug: string; readonly vkey: string }[]
    const log = logs.find((each) => each.slug === slug)
    if (log === undefined) throw new Error(`no log ${slug}: ${text}`)
    this.checker = new Checker(log.vkey)
    this.load = new Load(this.checker, createRandom(`${this.#name}/${slug}`))
  }

  /** Waits until the static copy has what is published; makes it so when no server does. */
  async copied(): Promise<void> {
    const wanted = await (await fetch(`${this.url}/logs/v2/checkpoint`)).text()
    const copy = join(this.place('www'), 'v2/checkpoint')
    const inStep = () => existsSync(copy) && readFileSync(copy, 'utf8') === wanted
    for (let waited = 0; !inStep() && waited < IN_STEP_MS; waited += 100) await sleep(100)
    if (!inStep()) await this.shell('colophon export "$COLOPHON_PUBLISH"')
    if (!inStep()) throw new Error('the static copy is not in step')
  }

  /** What is wrong with a log that is served at `path`, by everything that was ever heard of it. */
  async findings(path: string, checker = this.checker): Promise<readonly string[]> {
    const read: Read = readFrom(`${this.url}${path}`)
    await checker.final(read)
    return checker.findings
  }

  /** The logs of the trusted root that the server hands out. */
  async trusted(): Promise<readonly string[]> {
    const root = await (await fetch(`${this.url}/trust/trusted_root.json`)).json()
    return (root as { tlogs: { baseUrl: string }[] }).tlogs.map(({ baseUrl }) => baseUrl)
  }

  /** New entries, as a client sends them that knows the server by `host`. Returns the statuses, each once. */
  async offer(count: number, host: string): Promise<readonly number[]> {
    const wishes = Array.from({ length: count }, () => this.load.wish())
    const statuses = await Promise.all(
      wishes.map(async (wish) => this.load.take(wish, await post(`${this.url}/api/v2/log/entries`, wish.body, host))),
    )
    return [...new Set(statuses)]
  }

  /** An entry, always the same one, as a client of Rekor v1 sends it. Returns the status. */
  async offerV1(host: string): Promise<number> {
    return (await post(`${this.url}/api/v1/log/entries`, JSON.stringify(hashedRekord(P256)), host)).status
  }

  /** kill -9, as a power cut does to a process. */
  async powerCut(): Promise<void> {
    await this.shell(
      `kill -9 "$(cat ${this.place('run')}/pid)"; while kill -0 "$(cat ${this.place('run')}/pid)"; do sleep 0.05; done 2>/dev/null || true`,
    )
  }

  lose(name: string): void {
    rmSync(this.place(name), { recursive: true })
  }

  keep(name: string, as: string): void {
    cpSync(this.place(name), this.place(as), { recursive: true })
  }

  bringBack(name: string, from: string): void {
    if (existsSync(this.place(name))) this.lose(name)
    renameSync(this.place(from), this.place(name))
  }

  async end(): Promise<void> {
    await this.shell('systemctl stop colophon')
  }

  get #envFile(): string {
    return join(this.folder, 'etc/colophon.env')
  }

  #command(name: string, text: string): void {
    const path = join(this.folder, 'bin', name)
    writeFileSync(path, `#!/bin/bash\n${text}\n`)
    chmodSync(path, 0o755)
  }
}

async function post(url: string, body: string, host: string): Promise<{ status: number; body: string }> {
  const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const call = request(url, { method: 'POST', headers })
  call.end(body)
  const [response] = await once(call, 'response')
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  return { status: response.statusCode, body: Buffer.concat(parts).toString() }
}

/** What of systemd the page's unit needs: its environment, its command, and a start that fails when the server does. */
function systemctl(folder: string, envFile: string): string {
  const command = /^ExecStart=\/usr\/local\/bin\/(.+)$/m.exec(PAGE)?.[1]
  if (command !== 'colophon serve') throw new Error('the page has another unit')
  return `
pid=${folder}/run/pid
log=${folder}/run/log
alive() { [ -e "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
start() {
  set -a; . ${envFile}; set +a
  setsid nohup ${command} </dev/null >"$log" 2>&1 &
  echo $! >"$pid"
  for _ in $(seq 200); do
    alive || { cat "$log" >&2; return 1; }
    curl -fsS "http://$COLOPHON_LISTEN/readyz" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}
stop() {
  alive || return 0
  kill "$(cat "$pid")"
  while alive; do sleep 0.05; done
}
case "$1" in
  start | enable) start ;;
  stop | disable) stop ;;
  *) exit 2 ;;
esac`
}
