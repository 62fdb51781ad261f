/** What comes of a graph: whether the artifact is what somebody says whose word counts, and nothing upstream is known to be bad. */

import type { Direction } from '../../client/custody.ts'
import type { ExitCode } from '../world.ts'
import type { Collected, WithdrawnStatement } from './collect.ts'
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

export function judgeCustody(
  graph: Graph,
  { faults, withdrawn, unasked, isCut }: Collected,
  direction: Direction,
): CustodyVerdict {
  const isKnown = graph.nodes.get(graph.root)?.about.some(isNamed) === true
  const lies = faults.filter(({ isLie }) => isLie).map(({ place, code, message }) => `${code}: ${place}: ${message}`)
  const { bad, maybe } = direction === 'up' ? badIn(graph, isKnown) : { bad: [], maybe: [] }
  if (lies.length + bad.length > 0) return { outcome: 'not verified', reasons: [...lies, ...bad] }
  const hidden = faults.map(({ code, message }) => `${code}: ${message}`)
  const gone = withdrawn.filter((one) => one.isNamed).map((one) => `ATTACHMENT_WITHDRAWN: ${withdrawnWords(one)}`)
  const isEmpty = direction === 'down' && graph.edges.length === 0 && !isKnown
  const unknown = isKnown || (direction === 'down' && !isEmpty) ? [] : [UNKNOWN]
  const isShort = unasked > 0 && !(direction === 'up' && isKnown) // where strangers alone lead nothing is decided
  const cut = isCut || isShort ? ['there are more statements than were looked at (--limit)'] : []
  const reasons = [...hidden, ...gone, ...maybe, ...unknown, ...cut]
  return { outcome: reasons.length === 0 ? 'verified' : 'undetermined', reasons }
}

export function withdrawnWords({ place, by, since, reason }: WithdrawnStatement): string {
  return `${place}: its statement was withdrawn by the operator, see ${by} of ${since}: ${reason}`
}

const UNKNOWN = 'no signer that you named is shown to speak of it'

/**
 * Anybody may log an advisory: it counts by whose it is. And anybody may log that this was made from what one is about: where a
 * named signer speaks of it, that leaves it open, and is no more.
 */
function badIn({ nodes, upstream }: Graph, isKnown: boolean): { readonly bad: string[]; readonly maybe: string[] } {
  const told = [...nodes.values()].flatMap((node) =>
    advisoriesOf(node)
      .filter(isNamed)
      .map(({ statement: { advisory } }) => ({
        counts: !isKnown || upstream.has(node.id),
        words: `${advisory?.status}: ${node.name || node.id}: ${advisory?.reason}`,
      })),
  )
  return {
    bad: told.filter(({ counts }) => counts).map(({ words }) => words),
    maybe: told.filter(({ counts }) => !counts).map(({ words }) => `upstream by the word of strangers alone: ${words}`),
  }
}
