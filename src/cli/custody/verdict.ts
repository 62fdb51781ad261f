/** What comes of a graph: whether the artifact is what somebody says whose word counts, and nothing upstream is known to be bad. */

import type { Direction } from '../../client/custody.ts'
import type { ExitCode } from '../world.ts'
import type { Collected, OpenedStatement } from './collect.ts'
import { type Graph, isNamed } from './graph.ts'
import { reach } from './reach.ts'

export interface CustodyVerdict {
  readonly outcome: 'verified' | 'not verified' | 'undetermined'
  /** In words, the worst first. */
  readonly reasons: readonly string[]
  /** What decides nothing: advisories by the named, to which the word of strangers alone leads. */
  readonly warnings: readonly string[]
}

export const EXIT = { verified: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  CustodyVerdict['outcome'],
  ExitCode
>

export function judgeCustody(graph: Graph, collected: Collected, direction: Direction): CustodyVerdict {
  const { faults, isCut, isDeeper } = collected
  const lies = faults.filter(({ isLie }) => isLie).map(({ place, code, message }) => `${code}: ${place}: ${message}`)
  const { bad, warnings } = direction === 'up' ? advisoriesIn(collected) : { bad: [], warnings: [] }
  if (lies.length + bad.length > 0) return { outcome: 'not verified', reasons: [...lies, ...bad], warnings }
  const hidden = faults.map(({ code, message }) => `${code}: ${message}`)
  const isKnown = graph.nodes.get(graph.root)?.about.some(isNamed) === true
  const isEmpty = direction === 'down' && graph.edges.length === 0 && !isKnown
  const unknown = isKnown || (direction === 'down' && !isEmpty) ? [] : [UNKNOWN]
  const less = [
    ...(isCut ? ['there are more statements than were looked at (--limit)'] : []),
    ...(isDeeper ? ['there are more steps than were looked at (--depth)'] : []),
    ...(counting(collected).some(({ statement }) => isShort(statement)) ? [SHORT] : []),
  ]
  const reasons = [...hidden, ...unknown, ...less]
  return { outcome: reasons.length === 0 ? 'verified' : 'undetermined', reasons, warnings }
}

const UNKNOWN = 'no signer that you named is shown to speak of it'
const SHORT = 'a statement names more than is looked at of one'

/** Parts lead nowhere. */
function isShort({ cut }: OpenedStatement['statement']): boolean {
  return cut.some((what) => what !== 'parts')
}

/**
 * What the named say, and what they meant: a statement to which one of theirs is linked by its hash, and so on. What strangers
 * say beside that is theirs: anybody may log that the file was made from something bad, or from something good.
 */
function counting({ statements }: Collected): readonly OpenedStatement[] {
  const byPayload = new Map(statements.map((one) => [one.payload, one]))
  const found = new Set(statements.filter(isNamed))
  for (const { statement } of found)
    for (const { link } of statement.dependencies) {
      const meant = byPayload.get(link ?? '')
      if (meant !== undefined) found.add(meant)
    }
  return [...found]
}

function advisoriesIn(collected: Collected): { readonly bad: string[]; readonly warnings: string[] } {
  const everywhere = { direction: 'up', depth: Number.POSITIVE_INFINITY } as const
  const near = new Set(reach(collected.artifacts, counting(collected), everywhere).statements)
  const warned = collected.statements.filter((one) => isNamed(one) && one.statement.advisory !== null)
  return {
    bad: warned.filter((one) => near.has(one)).map(wordsOf),
    warnings: warned.filter((one) => !near.has(one)).map((one) => `by the word of strangers: ${wordsOf(one)}`),
  }
}

function wordsOf({ statement: { advisory, subjects } }: OpenedStatement): string {
  const [subject] = subjects
  return `${advisory?.status}: ${subject?.name || subject?.digests[0]}: ${advisory?.reason}`
}
