/** The server that is asked, and whom it is measured by: what `get`, `search` and `loginfo` have in common. */

import { type Ask, createAsk } from '../../client/ask.ts'
import type { Flags } from '../../config/flags.ts'
import { parseServiceUrl } from '../../config/parsers.ts'
import type { Problems } from '../../config/problems.ts'
import type { StatedLogs } from '../../verify/stated-logs.ts'
import { verifyMlDsa44 } from '../../verify-node/ml-dsa.ts'
import { readTrust } from '../stated-trust.ts'
import type { World } from '../world.ts'

export const SERVER_FLAGS = ['url', 'log', 'trusted-root', 'policy'] as const

/** Of the usage text. */
export const TRUST_USAGE = `  --trusted-root  trusted_root.json: logs that count (COLOPHON_TRUSTED_ROOT)
  --policy        logs and witnesses (c2sp.org/tlog-policy), enforced on each checkpoint (COLOPHON_POLICY)
                  With neither, what the server says is shown as it is, and marked as not verified.`

export interface AskedServer {
  readonly url: string
  readonly ask: Ask
  /** The one log that is meant; null: it was not said. */
  readonly log: string | null
  /** Null: nobody named whom to trust. */
  readonly logs: StatedLogs | null
}

/** What is wrong is noted; then what comes back is of no use. */
export async function serverOf(flags: Flags, world: World, problems: Problems): Promise<AskedServer> {
  const { root, policy } = await readTrust(flags, world.env, problems)
  if (flags.url === undefined) problems.note('--url', 'missing: the server to ask')
  const url = problems.take('--url', '', () => (flags.url === undefined ? '' : parseServiceUrl(flags.url)))
  if (root === null && policy !== null && policy.logs.length === 0) problems.note('--policy', 'it names no log')
  const logs = root === null && policy === null ? null : { root, policy, mlDsa44: verifyMlDsa44 }
  return { url, ask: createAsk(world.clock), log: flags.log ?? null, logs }
}
