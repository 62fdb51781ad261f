/** A crash at every named step: of the first head, of the first batch, of a later one, of one across a tile's end; and again right after. */

import { STEPS, type Step } from '../../src/log/steps.ts'
import { CUT } from './load.ts'
import { Scene, type Stage } from './scene.ts'
import type { CrashPoint, Server } from './server.ts'

/** A process that was to crash and lives on. */
const ALIVE_MS = 20_000
/** After each recovery, this many entries must go through. */
const AFTER = 60

interface Place {
  readonly name: string
  /** Entries in the log when the process that crashes is started. */
  readonly prefilled: number
  readonly point: Omit<CrashPoint, 'step'>
  readonly flags: readonly string[]
}

const ANYWHERE = { from: Number.MAX_SAFE_INTEGER, to: 0 }
const PREFILLED = 250

const PLACES: readonly Place[] = [
  { name: 'first-batch', prefilled: 0, point: { ...ANYWHERE, nth: 1, to: 1 }, flags: [] },
  { name: 'later-batch', prefilled: 0, point: { ...ANYWHERE, nth: 7, to: 1 }, flags: [] },
  // Rounds so far apart that all clients are in one batch, which begins in one tile and ends in the next.
  { name: 'across-256', prefilled: PREFILLED, point: { nth: 1, from: 255, to: 257 }, flags: ['--interval', '500'] },
]
/** The checkpoint of the empty tree is published without a batch. */
const PUBLISHED_EMPTY: readonly Step[] = ['ratcheted', 'signed', 'published', 'answered']

export async function crashPoints(stage: Stage): Promise<void> {
  const empty = await Scene.create(stage, 'empty')
  const filled = empty.copy('filled')
  const server = await filled.start()
  await filled.load.fill(server.url, PREFILLED)
  await filled.stop(server)
  for (const step of PUBLISHED_EMPTY)
    await oneScene(stage, empty.copy(`first-head-${step}`), { ...ANYWHERE, step, nth: 1 }, [])
  for (const { name, prefilled, point, flags } of PLACES)
    for (const step of STEPS)
      await oneScene(stage, (prefilled === 0 ? empty : filled).copy(`${name}-${step}`), { ...point, step }, flags)
}

async function oneScene(stage: Stage, scene: Scene, point: CrashPoint, flags: readonly string[]): Promise<void> {
  await crash(scene, point, flags)
  await recover(scene)
  // Twice: soon after a start, and then in the first rounds of the next one.
  const [again, other] = nextPair()
  await crash(scene, { ...ANYWHERE, step: again, nth: 3 }, [])
  await crash(scene, { ...ANYWHERE, step: other, nth: 1 }, [])
  await recover(scene)
  await scene.finish()
  stage.say(`${scene.name}, then ${again} and ${other}: ${scene.summary()}`)
}

let pairs = 0

/** Each step with itself, then each with the next one, and so on as far as the scenes reach. */
function nextPair(): readonly [Step, Step] {
  const [at, shift] = [pairs % STEPS.length, Math.floor(pairs / STEPS.length)]
  pairs++
  return [STEPS[at] as Step, STEPS[(at + shift) % STEPS.length] as Step]
}

/** Writes until the process ends itself. The checkpoint of a recovery needs no writer. */
async function crash(scene: Scene, point: CrashPoint, flags: readonly string[]): Promise<void> {
  const server = scene.spawn({ crash: point, flags })
  const late = setTimeout(() => {
    scene.report(`the process never reached ${JSON.stringify(point)}`)
    void server.kill()
  }, ALIVE_MS)
  if ((await server.ready()) && !(await scene.load.offer(server.url, scene.load.wish())).includes(CUT))
    await scene.load.write(server.url, new AbortController().signal)
  scene.expect(server, await server.ended, { code: null, signal: 'SIGKILL' })
  clearTimeout(late)
}

async function recover(scene: Scene): Promise<void> {
  const server: Server = await scene.start()
  await scene.load.settle(server.url)
  await scene.load.fill(server.url, AFTER)
  await scene.kill(server)
}
