/** src/main.ts, but the process ends itself with SIGKILL at the step that COLOPHON_FAULT_CRASH names (a CrashPoint). */

import { main } from '../../src/main.ts'
import type { CrashPoint } from './server.ts'

const { step, nth, from, to } = JSON.parse(process.env.COLOPHON_FAULT_CRASH ?? '{}') as CrashPoint
delete process.env.COLOPHON_FAULT_CRASH // no setting of the program
let left = nth

await main((at, { entries, size }) => {
  // 'taken' comes before the batch is in the tree, and tells the size without it.
  const after = at === 'taken' ? size + entries : size
  if (at === step && after - entries <= from && after >= to && --left === 0) process.kill(process.pid, 'SIGKILL')
})
