/** Which log a host name means, for all who must agree on it: the server that answers, and the files that say where to ask. */

export interface Reachable {
  readonly origin: string
  readonly takesEntries: boolean
}

/**
 * The log whose origin is the host name, else the default: the first that takes entries, else the first. Clients derive a
 * Rekor v2 origin from the host name. Undefined where there is none.
 *
 * @param logs of one dialect, in order of creation
 */
export function logOfHost<L>(hostname: string, logs: readonly L[], facts: (log: L) => Reachable): L | undefined {
  return logs.find((log) => facts(log).origin === hostname) ?? logs.find((log) => facts(log).takesEntries) ?? logs.at(0)
}
