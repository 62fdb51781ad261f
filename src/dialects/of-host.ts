/** Which log a host name means, for all who must agree on it: the server that answers, and the files that say where to ask. */

import { hostOfOrigin } from '../formats/sigstore/tree-id.ts'

export interface Reachable {
  readonly origin: string
  readonly isFrozen: boolean
}

/**
 * The log whose origin names the host, else the default: the first that is not frozen, else the newest. Clients derive a
 * Rekor v2 origin from the host name; several trees of a Rekor v1 log have one host, and take entries one after the other,
 * in order of creation. Undefined where there is none.
 *
 * @param logs of one dialect, in order of creation
 */
export function logOfHost<L>(hostname: string, logs: readonly L[], facts: (log: L) => Reachable): L | undefined {
  const named = logs.filter((log) => hostOfOrigin(facts(log).origin) === hostname)
  const isOpen = (log: L) => !facts(log).isFrozen
  return named.find(isOpen) ?? named.at(-1) ?? logs.find(isOpen) ?? logs.at(-1)
}

/**
 * Whether it is a tree that was made before its turn: those before it, under the same host, are not all frozen.
 * @param logs of its dialect, in order of creation
 */
export function isWaiting<L>(log: L, logs: readonly L[], facts: (log: L) => Reachable): boolean {
  const { origin, isFrozen } = facts(log)
  return !isFrozen && logOfHost(hostOfOrigin(origin), logs, facts) !== log
}
