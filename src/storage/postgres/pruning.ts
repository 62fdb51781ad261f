/** Entries that leave the database: see the function `prune` in migrations/postgres. */

import { treeSize } from '../../kernel/brand.ts'
import type { Pruning } from '../../log/cluster/ports.ts'
import { readMark } from './read.ts'
import type { Server } from './server.ts'

export function createPruning(server: Server, log: number): Pruning {
  return {
    pruned: async () => treeSize(await readMark(server, log)),
    prune: async (fence, from, to) =>
      void (await server.query('SELECT colophon.prune($1, $2, $3, $4)', [log, fence, from, to])),
  }
}
