/** A progress bar for long work. */

import type { World } from './world.ts'

const WIDTH = 30

/** At most a redraw every 100 ms, and the last one always. */
export function progressBar(world: World, label: string): (done: number, total: number) => void {
  const start = world.clock.now()
  let drawn = 0
  return (done, total) => {
    const now = world.clock.now()
    if (done < total && now - drawn < 100) return
    drawn = now
    const share = total === 0 ? 1 : done / total
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.')
    const rate = Math.round(done / Math.max((now - start) / 1000, 0.001))
    world.progress(
      `${label} [${bar}] ${Math.floor(share * 100)} % ${done}/${total} (${rate}/s)${done >= total ? '\n' : ''}`,
    )
  }
}
