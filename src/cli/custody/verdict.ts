/** What comes of a graph: whether the artifact is what somebody says whose word counts, and nothing upstream is known to be bad. */

import type { Direction } from '../../client/custody.ts'
import type { ExitCode } from '../world.ts'
import type { Collected } from './collect.ts'
import { advisoriesOf, type Graph, isNamed } from './graph.ts'

export interface CustodyVerdict {
  readonly outcome: 'verified' | 'not verified' | 'undetermined'
  /** In words, the worst first. */
  readonly reasons: readonly string[]
}

export const EXIT = { verified: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  CustodyVerdict['outcome'],
  ExitCode
>

export function judgeCustody(graph: Graph, { faults, isCut }: Collected, direction: Direction): CustodyVerdict {
  const lies = faults.filter(({ isLie }) => isLie).map(({ place, code, message }) => `${code}: ${place}: ${message}`)
  const bad = direction === 'up' ? badIn(graph) : []
  if (lies.length + bad.length > 0) return { outcome: 'not verified', reasons: [...lies, ...bad] }
  const hidden = faults.map(({ code, message }) => `${code}: ${message}`)
  const isKnown = graph.nodes.get(graph.root)?.about.some(isNamed) === true
  const isEmpty = direction === 'down' && graph.edges.length === 0 && !isKnown
  const unknown = isKnown || (direction === 'down' && !isEmpty) ? [] : [UNKNOWN]
  const cut = isCut ? ['there are more statements than were looked at (--limit)'] : []
  const reasons = [...hidden, ...unknown, ...cut]
  return { outcome: reasons.length === 0 ? 'verified' : 'undetermined', reasons }
}

const UNKNOWN = 'no signer that you named is shown to speak of it'

/** Anybody may log an advisory: it counts by whose it is. */
function badIn({ nodes }: Graph): string[] {
  return [...nodes.values()].flatMap((node) =>
    advisoriesOf(node)
      .filter(isNamed)
      .map(({ statement }) => `${statement.advisory?.status}: ${node.name || node.id}: ${statement.advisory?.reason}`),
  )
}
