/** The end of a listener: requests under way get their answers. */

import type { FastifyInstance } from 'fastify'
import type { World } from './world.ts'

/** After this, open requests are cut: a supervisor would kill us soon anyway. */
const STOP_MS = 10_000

export async function closeServer(server: FastifyInstance, world: World): Promise<void> {
  const cancel = world.clock.after(STOP_MS, () => server.server.closeAllConnections())
  await server.close()
  cancel()
}
