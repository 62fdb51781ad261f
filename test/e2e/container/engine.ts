/** Runs images without a container engine: in namespaces of their own where we are root, else as plain processes. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Finished, freePort, run } from '../support.ts'
import type { Image } from './image.ts'

const BOX = fileURLToPath(new URL('box.sh', import.meta.url))
/** Of the base image. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const START_MS = 10_000
const STOP_MS = 30_000

export interface BuildStep {
  readonly root: string
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  /** For the shell. */
  readonly command: string
}

export interface StartOptions {
  /** Beside the image's own. */
  readonly env: Readonly<Record<string, string>>
  /** From each volume's path to a folder. */
  readonly volumes: Readonly<Record<string, string>>
}

export interface Container {
  /** Of the process that the container counts as 1. */
  readonly pid: number
  /** Where `port` of the image is reached: from within the container's network, see `reach`. */
  readonly url: string
  /** What `docker exec` does. */
  exec(command: readonly string[]): Promise<Finished>
  /** A program of this machine's, which is let into the container's network. */
  reach(command: readonly string[]): Promise<Finished>
  isRunning(): boolean
  /** What `docker stop` does; SIGKILL when it takes too long. */
  stop(): Promise<Finished>
  kill(): Promise<Finished>
}

export interface Engine {
  /** What it cannot show, in words. */
  readonly lacks: readonly string[]
  build(step: BuildStep): Promise<Finished>
  start(image: Image, options: StartOptions): Promise<Container>
}

/** As root: user, capabilities, read-only root, volumes, network and process 1 are those of a container. */
export async function boxes(): Promise<Engine> {
  const npm = await npmFolder()
  const box = { BOX_NODE: await realpath(process.execPath), BOX_NPM: npm, HOME: process.env.HOME ?? '/root' }
  const unshare = ['--mount', '--pid', '--fork', '--propagation', 'private']
  return {
    lacks: [],
    build: ({ root, dir, env, command }) =>
      run('unshare', [...unshare, BOX, 'build', root, dir, 'sh', '-e', '-c', command], {
        env: { ...network(), ...box, ...env, PATH },
        timeoutMs: 300_000,
      }),
    async start(image, options) {
      const env = { ...image.env, ...options.env, PATH }
      const volumes = Object.entries(options.volumes).map(([path, folder]) => `${path}=${folder}`)
      const command = [...image.entrypoint, ...image.command]
      const args = [BOX, 'run', image.root, image.workdir, image.user, ...volumes, '--', ...command]
      const child = spawn('unshare', [...unshare, '--net', '--ipc', ...args], { env: { ...box, ...env } })
      const supervised = supervise(child)
      const pid = await firstChild(child.pid ?? 0).catch(supervised.failed)
      const into = ['--target', String(pid), '--net']
      const rights = ['--reuid', '--regid'].map((flag, i) => `${flag}=${image.user.split(':')[i]}`)
      const bounded = [...rights, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
      const inside = [...into, '--mount', '--pid', '--ipc', '--root', '--wd', 'setpriv', ...bounded]
      return {
        pid,
        url: `http://127.0.0.1:${image.port}`,
        exec: (words) => run('nsenter', [...inside, ...words], { env, timeoutMs: 60_000 }),
        reach: (words) => run('nsenter', [...into, ...words], { timeoutMs: 60_000 }),
        ...ending(pid, image, supervised),
      }
    },
  }
}

/** As anybody: the image's folder and command, with folders and a free port in place of volumes and network. */
export function plainProcesses(): Engine {
  const npm = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  return {
    lacks: [
      'the last stage’s RUN lines',
      'USER',
      'no capabilities',
      'a read-only root',
      'volumes at their own paths',
      'the port',
      'being process 1',
    ],
    async build({ root, dir, env, command }) {
      const made = /^install --directory .* (\/\w+ \/\w+)$/.exec(command)?.[1]?.split(' ') ?? []
      for (const path of made) await mkdir(join(root, path))
      const args = made.length > 0 ? [] : ['-e', '-c', command]
      return await run(made.length > 0 ? 'true' : 'sh', args, { cwd: join(root, dir), env: { ...npm, ...env } })
    },
    async start(image, options) {
      const port = await freePort()
      const here = (word: string) =>
        moved(word, image, port)
          .replace(/^\/app(?=\/)/, join(image.root, '/app'))
          .replace(/^node$/, process.execPath)
      const env = Object.fromEntries(
        Object.entries({ ...image.env, ...options.env }).map(([name, value]) => [
          name,
          options.volumes[value] ?? moved(value, image, port),
        ]),
      )
      const [program = '', ...args] = [...image.entrypoint, ...image.command].map(here)
      const child = spawn(program, args, { cwd: join(image.root, image.workdir), env })
      const exec = ([first = '', ...rest]: readonly string[]) => run(here(first), rest.map(here), { env })
      const pid = child.pid ?? 0
      return {
        pid,
        url: `http://127.0.0.1:${port}`,
        exec,
        reach: ([first = '', ...rest]) => run(first, rest),
        ...ending(pid, image, supervise(child)),
      }
    },
  }
}

function moved(text: string, image: Image, port: number): string {
  return text.replaceAll(`:${image.port}`, `:${port}`)
}

interface Supervised {
  isRunning(): boolean
  /** `pid`: whom the signal is for, the child or what it started. */
  end(pid: number, signal: string): Promise<Finished>
  failed(error: unknown): Promise<never>
}

function supervise(child: ChildProcess): Supervised {
  const texts = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = []
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
    return () => Buffer.concat(chunks).toString()
  })
  const ended = once(child, 'close')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    isRunning,
    async end(pid, signal) {
      // Process 1 is not told of a signal that it has no handler for yet, but for this one.
      const late = setTimeout(() => isRunning() && process.kill(pid, 'SIGKILL'), STOP_MS)
      if (isRunning()) process.kill(pid, signal)
      const [code, killed] = await ended
      clearTimeout(late)
      return { code, signal: killed, stdout: texts[0]?.() ?? '', stderr: texts[1]?.() ?? '' }
    },
    async failed(error) {
      child.kill('SIGKILL')
      await ended
      throw new Error(`the container did not start: ${texts[1]?.()}`, { cause: error })
    },
  }
}

/** A test that dies leaves no container behind. */
function ending(
  pid: number,
  image: Image,
  { end, isRunning }: Supervised,
): Pick<Container, 'isRunning' | 'stop' | 'kill'> {
  const orphan = () => isRunning() && process.kill(pid, 'SIGKILL')
  process.once('exit', orphan)
  const ended = (signal: string) => end(pid, signal).finally(() => process.off('exit', orphan))
  return { isRunning, stop: () => ended(image.stopSignal), kill: () => ended('SIGKILL') }
}

/** `unshare --fork` has one child, which is process 1 inside; it takes a moment. */
async function firstChild(pid: number): Promise<number> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    if (children.trim() !== '') return Number(children)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`unshare ${pid} has no child`)
}

async function npmFolder(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'command -v npm'])
  return join(dirname(await realpath(stdout.trim())), '..')
}

/** What a build needs of this machine to reach the registry, as build arguments would hand it on. */
function network(): NodeJS.ProcessEnv {
  const wanted = /^(?:https?_proxy|no_proxy|node_extra_ca_certs|npm_config_registry)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)))
}
