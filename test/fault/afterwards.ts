/** What must hold of a fleet when all is over. */

import type { Checker } from './checker.ts'
import { checkCopy } from './copy-check.ts'
import type { Fleet } from './fleet.ts'
import type { Load } from './load.ts'
import { readFrom } from './tree.ts'

export interface Afterwards {
  readonly fleet: Fleet
  readonly load: Load
  readonly checker: Checker
  readonly database: string
  /** Once nothing is on its way any more, though all nodes have ended. */
  readonly settled?: () => Promise<void>
}

/** Everything gets its receipt; every node, and the copy, shows the tree that all evidence is of; fsck reads what is stored. */
export async function checkAfterwards({ fleet, load, checker, database, settled }: Afterwards): Promise<void> {
  await fleet.started()
  for (const node of fleet.nodes) {
    node.stop.abort()
    await node.writing
  }
  for (const { server } of fleet.nodes) await load.settle(server?.url ?? '')
  for (const { server } of fleet.nodes) await checker.final(readFrom(server?.url ?? ''))
  for (const node of fleet.nodes) await fleet.stop(node, checker)
  await settled?.()
  await checkCopy({ folder: fleet.copy, database, checker })
  const { code, stdout, stderr } = await fleet.command('fsck', '--json')
  if (code !== 0) checker.report(`fsck ended with ${code}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`)
}
