/** Which log a host name means, for all who must agree on it: the server that answers, and the files that say where to ask. */

import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'

export interface Reachable {
  readonly origin: string
  readonly takesEntries: boolean
}

/**
 * The log whose origin names the host, else the default: the first that takes entries, else the first. Clients derive a
 * Rekor v2 origin from the host name; several trees of a Rekor v1 log have one host, and the one that takes entries is
 * meant. Undefined where there is none.
 *
 * @param logs of one dialect, in order of creation
 */
export function logOfHost<L>(hostname: string, logs: readonly L[], facts: (log: L) => Reachable): L | undefined {
  const named = logs.filter((log) => hostOfOrigin(facts(log).origin) === hostname)
  const takesEntries = (log: L) => facts(log).takesEntries
  return named.find(takesEntries) ?? named.at(0) ?? logs.find(takesEntries) ?? logs.at(0)
}
