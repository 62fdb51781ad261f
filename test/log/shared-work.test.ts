/** Work that callers share: nobody gets what was begun before the call, and nothing runs twice at once. */

import t from 'tap'
import { shareWork } from '../../src/log/shared-work.ts'
import { gate, settle } from './support.ts'

t.test('who calls while it runs shares the next run; a failure is of its own run alone', async (t) => {
  const gates = [gate(), gate(), gate()]
  let runs = 0
  let running = 0
  const work = shareWork(async () => {
    const run = runs++
    t.equal(++running, 1)
    await gates[run]?.passed
    running--
    if (run === 1) throw new Error('the second')
    return run
  })
  const first = work()
  await settle()
  const second = [work(), work()].map((call) => call.catch((error: Error) => error.message))
  await settle()
  t.equal(runs, 1)
  gates[0]?.open()
  t.equal(await first, 0)
  await settle()
  const third = work()
  gates[1]?.open()
  t.same(await Promise.all(second), ['the second', 'the second'])
  gates[2]?.open()
  t.equal(await third, 2)
  t.equal(await work(), 3)
  t.equal(runs, 4)
})
