import t from 'tap'
import { MEBIBYTES, progressBar } from '../../src/cli/progress.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { testWorld } from './support.ts'

t.test('counts and bytes', async (t) => {
  const lines: string[] = []
  let now = 1000
  const world = {
    ...testWorld(),
    clock: { now: () => unixMillis(now), after: () => () => undefined },
    progress: (line: string) => void lines.push(line),
  }
  const count = progressBar(world, 'entries')
  const bytes = progressBar(world, 'file', MEBIBYTES)
  now += 500
  count(50, 200)
  bytes(300 * 2 ** 20, 400 * 2 ** 20)
  count(51, 200) // too soon
  now += 500
  count(200, 200)
  bytes(400 * 2 ** 20, 400 * 2 ** 20)
  t.same(lines, [
    'entries [########......................] 25 % 50/200 (100/s)',
    'file [#######################.......] 75 % 300/400 MiB (600 MiB/s)',
    'entries [##############################] 100 % 200/200 (200/s)\n',
    'file [##############################] 100 % 400/400 MiB (400 MiB/s)\n',
  ])
})
