/** How a server keeps in step with other nodes: again and again, one at a time, and what fails is said once. */

import t from 'tap'
import { followNodes } from '../../src/cli/following.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { settle } from '../log/support.ts'

t.test(
  'each round follows the one before; the same complaint is made once, a bug louder; it ends with the round under way',
  async (t) => {
    const gone = new TlogError('STORE_UNAVAILABLE', 'away')
    const outcomes = [null, gone, gone, null, gone, new Error('a bug')]
    const said: string[] = []
    const say = (level: string) => (what: { err: Error }) => void said.push(`${level} ${what.err.message}`)
    const logger = { warn: say('warn'), error: say('error') }
    const waiting: (() => void)[] = []
    const after = (_: number, run: () => void) => {
      waiting.push(run)
      return () => void waiting.splice(waiting.indexOf(run), 1)
    }
    const last = Promise.withResolvers<void>()
    const follow = async () => {
      const outcome = outcomes.shift()
      if (outcome === undefined) return await last.promise
      if (outcome !== null) throw outcome
    }
    const stop = followNodes({ follow }, logger as never, { after } as never)
    while (outcomes.length > 0) {
      t.equal(waiting.length, 1)
      waiting.shift()?.()
      await settle()
    }
    t.same(said, ['warn away', 'warn away', 'error a bug'])
    waiting.shift()?.()
    let isOver = false
    const stopped = stop().then(() => {
      isOver = true
    })
    await settle()
    t.notOk(isOver)
    last.resolve()
    await stopped
    t.same(waiting, [])
  },
)
