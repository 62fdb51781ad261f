/** Builds what a Dockerfile describes, as a folder: the layers above the base image, and how the result is run. */

import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ROOT } from '../support.ts'
import { type Instruction, parseDockerfile, parsePairs, parseWords, type Stage } from './dockerfile.ts'
import type { Engine } from './engine.ts'

export interface Image {
  /** The folder that is `/`. */
  readonly root: string
  /** What FROM names in the end. */
  readonly base: string
  readonly labels: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly workdir: string
  readonly user: string
  readonly volumes: readonly string[]
  readonly port: number
  readonly stopSignal: string
  readonly health: { readonly flags: Readonly<Record<string, string>>; readonly command: readonly string[] }
  /** ENTRYPOINT and CMD. */
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

type Draft = { -readonly [K in keyof Image]: Image[K] }

/** @throws Error when a step fails, or is none that is understood. */
export async function buildImage(into: string, engine: Engine): Promise<Image> {
  const stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'))
  const context = parseIgnore(await readFile(join(ROOT, '.dockerignore'), 'utf8'))
  const built = new Map<string, Draft>()
  for (const stage of stages) built.set(stage.name, await buildStage({ stage, into, built, context, engine }))
  return built.get(stages.at(-1)?.name ?? '') as Image
}

interface Build {
  readonly stage: Stage
  readonly into: string
  readonly built: ReadonlyMap<string, Draft>
  readonly context: ReadonlySet<string>
  readonly engine: Engine
}

async function buildStage(build: Build): Promise<Draft> {
  const { stage, into, built } = build
  const root = join(into, stage.name)
  await mkdir(root, { mode: 0o755 })
  const parent = built.get(stage.from)
  if (parent !== undefined) await cp(parent.root, root, { recursive: true, verbatimSymlinks: true })
  const draft: Draft = { ...(parent ?? blank(stage.from)), root }
  for (const instruction of stage.instructions) await step(draft, instruction, build)
  return draft
}

function blank(base: string): Omit<Draft, 'root'> {
  const nothing = { labels: {}, env: {}, volumes: [], entrypoint: [], command: [], health: { flags: {}, command: [] } }
  return { ...nothing, base, workdir: '/', user: '0:0', port: 0, stopSignal: '' }
}

async function step(draft: Draft, { keyword, flags, args }: Instruction, build: Build): Promise<void> {
  if (keyword === 'COPY') return await copy(draft, { flags, args }, build)
  if (keyword === 'RUN') return await run(draft, args, build)
  const settings: Readonly<Record<string, () => Partial<Draft>>> = {
    LABEL: () => ({ labels: { ...draft.labels, ...parsePairs(args) } }),
    ENV: () => ({ env: { ...draft.env, ...parsePairs(args) } }),
    WORKDIR: () => ({ workdir: absolute(args) }),
    USER: () => ({ user: args }),
    VOLUME: () => ({ volumes: parseWords(args).map(absolute) }),
    EXPOSE: () => ({ port: Number(args) }),
    STOPSIGNAL: () => ({ stopSignal: args }),
    HEALTHCHECK: () => ({ health: { flags, command: parseWords(args.replace(/^CMD /, '')) } }),
    ENTRYPOINT: () => ({ entrypoint: parseWords(args) }),
    CMD: () => ({ command: parseWords(args) }),
  }
  Object.assign(draft, settings[keyword]?.())
  if (keyword === 'WORKDIR') await mkdir(join(draft.root, draft.workdir), { recursive: true, mode: 0o755 })
}

async function run(draft: Draft, args: string, { stage, engine }: Build): Promise<void> {
  if (draft.user !== '0:0') throw new Error(`RUN after USER is not interpreted: ${args}`)
  const done = await engine.build({ root: draft.root, dir: draft.workdir, env: draft.env, command: args })
  if (done.code !== 0) throw new Error(`${stage.name}: RUN ${args}: ${done.code ?? done.signal}\n${done.stderr}`)
}

/** A directory's contents are copied, not the directory, as Docker does it. */
async function copy(draft: Draft, { flags, args }: Pick<Instruction, 'flags' | 'args'>, build: Build): Promise<void> {
  const paths = args.split(/\s+/)
  const target = paths.pop() ?? ''
  const into = join(draft.root, target.startsWith('/') ? target : join(draft.workdir, target))
  for (const path of paths) {
    const source = flags.from === undefined ? fromContext(path, build) : fromStage(flags.from, path, build)
    const whole = (await stat(source)).isDirectory()
    if (!whole && !target.endsWith('/')) throw new Error(`COPY of a file into a directory ends in "/": ${args}`)
    await cp(source, whole ? into : join(into, basename(path)), { recursive: true, verbatimSymlinks: true })
  }
}

function fromContext(path: string, { context }: Build): string {
  if (!context.has(path)) throw new Error(`COPY ${path}: .dockerignore keeps it from the build`)
  return join(ROOT, path)
}

function fromStage(name: string, path: string, { built }: Build): string {
  const stage = built.get(name)
  if (stage === undefined) throw new Error(`COPY --from=${name}: no earlier stage`)
  return join(stage.root, absolute(path))
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw new Error(`not an absolute path: ${path}`)
  return path
}

/** @throws Error unless it shuts everything out and then lets single names in. */
function parseIgnore(text: string): Set<string> {
  const [first, ...rest] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const names = rest.map((line) => /^!([\w.-]+)$/.exec(line)?.[1])
  if (first !== '*' || names.includes(undefined)) throw new Error('.dockerignore is not "*" and then "!NAME"s')
  return new Set(names as string[])
}
