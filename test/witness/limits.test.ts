import t from 'tap'
import { unixMillis } from '../../src/kernel/brand.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { CosignLimits } from '../../src/witness/limits.ts'
import { Turns } from '../../src/witness/turns.ts'

t.test('so many at once, then as they come back', async (t) => {
  let now = 1_000_000
  const refused: string[] = []
  const limits = new CosignLimits(
    () => unixMillis(now),
    (origin, kind) => void refused.push(`${kind} ${origin}`),
  )
  const take = (count: number, origin = 'a') => {
    let taken = 0
    for (let i = 0; i < count; i++) {
      try {
        limits.take(origin, 'growth', { perDay: 86_400, burst: 3 })
        taken++
      } catch (error) {
        if (!(error instanceof TlogError) || error.code !== 'LOG_BUSY') throw error
      }
    }
    return taken
  }
  t.equal(take(5), 3)
  t.equal(take(5, 'b'), 3, 'each log has its own')
  t.same(refused, ['growth a', 'growth a', 'growth b', 'growth b'])
  now += 500
  t.equal(take(5), 0)
  now += 500
  t.equal(take(5), 1, 'a second later, also when it asked in between')
  now += 3_600_000
  t.equal(take(9), 3, 'no more than the burst')
  now -= 3_600_000
  t.equal(take(5), 0, 'a clock that was set back gives nothing')
  now += 1000
  t.equal(take(5), 1, 'and takes nothing')
})

t.test('turns: in order for each key, side by side for two', async (t) => {
  const turns = new Turns()
  const done: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = turns.take('a', async () => {
    await gate.promise
    done.push('a1')
    throw new Error('a1 failed')
  })
  const second = turns.take('a', async () => void done.push('a2'))
  await turns.take('b', async () => void done.push('b'))
  t.same(done, ['b'])
  gate.resolve()
  await t.rejects(first, /a1 failed/)
  await second
  t.same(done, ['b', 'a1', 'a2'], 'a failure does not hold up the next')
  t.equal(await turns.take('a', async () => 7), 7)
})
