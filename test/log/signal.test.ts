import t from 'tap'
import { createSignal } from '../../src/log/signal.ts'
import { settle } from './support.ts'

t.test('a wake before the wait is not lost, and counts once', async (t) => {
  const signal = createSignal()
  signal.wake()
  signal.wake()
  await signal.wait()
  let woken = false
  const second = signal.wait().then(() => {
    woken = true
  })
  await settle()
  t.equal(woken, false)
  signal.wake()
  await second
  t.equal(woken, true)
})
