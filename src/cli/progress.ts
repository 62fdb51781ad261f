/** A progress bar for long work. */

import type { World } from './world.ts'

const WIDTH = 30

/** What is counted, as it is shown. */
export interface Unit {
  readonly size: number
  readonly name: string
}

const EACH: Unit = { size: 1, name: '' }
export const MEBIBYTES: Unit = { size: 2 ** 20, name: ' MiB' }

/** At most a redraw every 100 ms, and the last one always. */
export function progressBar(world: World, label: string, unit = EACH): (done: number, total: number) => void {
  const start = world.clock.now()
  let drawn = 0
  const show = (count: number) => Math.round(count / unit.size)
  return (done, total) => {
    const now = world.clock.now()
    if (done < total && now - drawn < 100) return
    drawn = now
    const share = total === 0 ? 1 : done / total
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.')
    const rate = show(done / Math.max((now - start) / 1000, 0.001))
    world.progress(
      `${label} [${bar}] ${Math.floor(share * 100)} % ${show(done)}/${show(total)}${unit.name} (${rate}${unit.name}/s)${done >= total ? '\n' : ''}`,
    )
  }
}
