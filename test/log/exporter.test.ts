import t from 'tap'
import { treeSize } from '../../src/kernel/brand.ts'
import { createExporter } from '../../src/log/exporter.ts'
import { gate, ManualClock, settle } from './support.ts'

function scene() {
  const clock = new ManualClock()
  const exported: number[] = []
  const failures: unknown[] = []
  const state = { published: 0, fail: false, gate: gate() }
  state.gate.open()
  const exporter = createExporter({
    clock,
    intervalMs: 1000,
    run: async () => {
      const { published } = state
      await state.gate.passed
      if (state.fail) throw new Error('the disk is full')
      return treeSize(published)
    },
    onExported: (size) => void exported.push(size),
    onFailure: (error) => void failures.push(error),
  })
  const publish = (size: number) => {
    state.published = size
    exporter.wake()
  }
  return { clock, exported, failures, state, exporter, publish }
}

t.test('begins by itself, then follows, at most once in its interval', async (t) => {
  const { clock, exported, publish, exporter } = scene()
  await settle()
  t.same(exported, [0], 'what was there')
  for (let size = 1; size <= 50; size++) {
    publish(size)
    await clock.advance(100)
  }
  t.ok(exported.length >= 5 && exported.length <= 7, `${exported}`)
  await clock.advance(1000)
  t.equal(exported.at(-1), 50)
  await clock.advance(10_000)
  t.equal(exported.filter((size) => size === 50).length, 1, 'an idle log costs nothing')
  await exporter.close()
})

t.test('nobody waits for it', async (t) => {
  const { clock, exported, publish, state, exporter } = scene()
  await settle()
  state.gate = gate()
  publish(1)
  await clock.advance(2000)
  publish(2)
  publish(3)
  state.gate.open()
  await clock.advance(3000)
  t.same(exported, [0, 1, 3], 'what came meanwhile is one more')
  await exporter.close()
})

t.test('fails, says so, and tries again by itself', async (t) => {
  const { clock, exported, failures, publish, state, exporter } = scene()
  await settle()
  state.fail = true
  publish(7)
  await clock.advance(12_000)
  t.ok(failures.length >= 2 && failures.length <= 4, `${failures.length}`)
  state.fail = false
  await clock.advance(5000)
  t.same(exported, [0, 7])
  await exporter.close()
})

t.test('closing exports what is published by then, once', async (t) => {
  const { exported, failures, publish, state, exporter } = scene()
  await settle()
  state.published = 9
  await exporter.close()
  t.same(exported, [0, 9], 'without being woken, and without its pause')
  const failing = scene()
  await settle()
  failing.state.fail = true
  failing.publish(1)
  await failing.exporter.close()
  t.ok(failing.failures.length >= 1, 'a failure does not keep it from ending')
  t.same(failures, [])
  publish(10)
  await settle()
  t.same(exported, [0, 9], 'and then it is over')
  t.equal(state.fail, false)
})
