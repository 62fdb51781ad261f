/** Rounds of pruning beside a lead. */

import t from 'tap'
import { type PrunerParts, startPruner } from '../../../src/log/cluster/pruner.ts'
import { ManualClock, settle } from '../support.ts'
import { PruneScene, pathOf } from './prune-support.ts'

async function scene(parts: Partial<PrunerParts> = {}) {
  const scene = await PruneScene.open()
  const clock = new ManualClock()
  const pruned: number[] = []
  const failures: unknown[] = []
  const start = () =>
    startPruner({
      ...scene.parts(500),
      clock,
      onPruned: (size) => void pruned.push(size),
      onFailure: (error) => void failures.push(error),
      ...parts,
    })
  const grow = async (size: number) => {
    await scene.grow(size)
    await scene.publish()
    await scene.copy()
  }
  /** With all that waits for signatures, which take time of their own. */
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      await clock.advance(Math.min(50, left))
      await settle()
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { scene, start, grow, advance, pruned, failures }
}

async function until(holds: () => boolean, meanwhile: () => Promise<void>): Promise<void> {
  while (!holds()) await meanwhile()
}

t.test('at once, and then from time to time', async (t) => {
  const { start, grow, advance, pruned, failures } = await scene()
  await grow(3000)
  const pruner = start()
  await until(
    () => pruned.length > 0,
    () => advance(5),
  )
  t.same(pruned, [2304])
  await grow(3500)
  await until(
    () => pruned.length > 1,
    () => advance(1000),
  )
  t.same(pruned, [2304, 2816])
  await advance(30_000)
  t.same(pruned, [2304, 2816], 'nothing new is nothing to tell')
  await pruner.close()
  t.same(failures, [])
})

t.test('what goes wrong is told, and tried again', async (t) => {
  const { scene: log, start, grow, advance, pruned, failures } = await scene()
  await grow(1000)
  const whole = log.files.get(pathOf(0)) ?? new Uint8Array()
  log.files.delete(pathOf(0))
  const pruner = start()
  await until(
    () => failures.length > 0,
    () => advance(5),
  )
  t.match(failures, [{ code: 'COPY_REFUSED' }])
  log.files.set(pathOf(0), whole)
  await until(
    () => pruned.length > 0,
    () => advance(5000),
  )
  t.same(pruned, [256])
  t.equal(failures.length, 1, 'not before a minute')
  await pruner.close()
})

t.test('it ends at once, whatever it waits for, and says nothing of that', async (t) => {
  let asked = 0
  const copy = () => {
    asked++
    return new Promise<never>(() => undefined)
  }
  const { start, failures, pruned } = await scene({ copy })
  const pruner = start()
  await settle()
  t.equal(asked, 1)
  await pruner.close()
  t.same([failures, pruned], [[], []])
})
