/** kill -9 at random moments, round after round on the same log: while it starts, under load, and at each size around a tile's end. */

import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { withFilled } from '../../bench/fill.ts'
import { factsOfLeaf } from '../../src/dialects/rekor-v2/keys.ts'
import type { Log } from '../../src/log/log.ts'
import { createRandom } from './load.ts'
import { Scene, type Stage } from './scene.ts'

/** Entries that wait for one another while the log is filled. */
const AT_ONCE = 1024
/** Sizes at which a tile, and then a tile of tiles, is completed. */
const BOUNDARIES = [256, 65_536]
/** Kills on one copy of a log near a boundary: with one entry each, from before to after it. */
const AROUND = 8
/** Of all rounds, at each boundary. */
const SHARE = 1 / 8
/** In milliseconds: at most so long under load; one entry's whole journey; a start. */
const LOAD_MS = 1200
const JOURNEY_MS = 15
const START_MS = 600
/** How often a process is killed while it starts, and how often before it may have answered anyone. */
const EARLY = 1 / 8
const COLD = 1 / 4

export async function killRounds(stage: Stage, rounds: number): Promise<void> {
  const near = Math.max(1, Math.ceil(rounds * SHARE))
  const plain = Math.max(0, rounds - BOUNDARIES.length * near)
  await underLoad(stage, plain)
  const growing = await Scene.create(stage, 'growing')
  let round = plain
  for (const boundary of BOUNDARIES) {
    await prefill(growing, boundary - AROUND / 2 - 1)
    for (let left = near; left > 0; left -= AROUND) {
      const count = Math.min(AROUND, left)
      await aroundBoundary(stage, growing.copy(`at-${boundary}-${left}`), { round, count, boundary })
      round += count
    }
  }
}

async function underLoad(stage: Stage, rounds: number): Promise<void> {
  const scene = await Scene.create(stage, 'under-load')
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(`${stage.seed}/kill/${round}`)
    if (random() < EARLY) {
      const starting = scene.spawn()
      await until(performance.now() + random() * START_MS)
      await scene.kill(starting)
    }
    const fromReadiness = random() < COLD
    const ms = random() * random() * LOAD_MS // short lives more often than long ones
    const server = await scene.start()
    const writing = scene.load.write(server.url, new AbortController().signal)
    if (!fromReadiness) await scene.load.answered()
    await until(performance.now() + ms)
    await scene.kill(server)
    await writing
    say(stage, scene, round, `killed ${ms.toFixed(1)} ms after ${fromReadiness ? 'it was ready' : 'its first answer'}`)
  }
  await scene.finish()
}

/** By the log itself, in this process: asking for so many over HTTP would take longer than all kills. */
async function prefill(scene: Scene, size: number): Promise<void> {
  await scene.stop(await scene.start())
  let left = size - scene.checker.size
  const add = async (log: Log) => {
    while (left-- > 0) {
      const { leaf } = scene.load.wish()
      await log.add({ leaf, keys: factsOfLeaf(leaf).keys, attachments: [] })
    }
  }
  await withFilled(scene.data, (log) => Promise.all(Array.from({ length: AT_ONCE }, () => add(log))))
}

/** One entry a round, and a kill somewhere on its journey: the tree passes the boundary a leaf at a time. */
async function aroundBoundary(
  stage: Stage,
  scene: Scene,
  { round, count, boundary }: { readonly round: number; readonly count: number; readonly boundary: number },
): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const ms = createRandom(`${stage.seed}/kill/${round + turn}`)() * JOURNEY_MS
    const server = await scene.start()
    await scene.load.settle(server.url)
    // Few rounds must meet the boundary itself too.
    if (turn === 0) await scene.load.fill(server.url, boundary - Math.ceil(count / 2) - scene.checker.size)
    await scene.load.repeat(server.url) // the first request of a process takes longer than any kill would wait
    const offering = scene.load.offer(server.url, scene.load.wish())
    await until(performance.now() + ms)
    await scene.kill(server)
    await offering
    say(stage, scene, round + turn, `killed ${ms.toFixed(1)} ms into an entry's journey`)
  }
  await scene.finish()
}

function say(stage: Stage, scene: Scene, round: number, what: string): void {
  stage.say(`round ${round} of seed ${stage.seed}, ${scene.name}: ${what}; before it ${scene.summary()}`)
}

/** Finer than a timer, which has milliseconds. */
async function until(time: number): Promise<void> {
  await sleep(Math.max(0, time - performance.now() - 2))
  while (performance.now() < time) await setImmediate()
}
