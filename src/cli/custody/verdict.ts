/** What comes of a graph: whether the artifact is what somebody says whose word counts, and nothing upstream is known to be bad. */

import type { Direction } from '../../client/custody.ts'
import type { ExitCode } from '../world.ts'
import type { Collected, OpenedStatement, WithdrawnStatement } from './collect.ts'
import { countedOf } from './counted.ts'
import { type Graph, isNamed } from './graph.ts'

export interface CustodyVerdict {
  readonly outcome: 'verified' | 'not verified' | 'undetermined'
  /** In words, the worst first. */
  readonly reasons: readonly string[]
  /** Beside what decides: advisories by the named, to which the word of strangers alone leads; who signed in their name. */
  readonly warnings: readonly string[]
}

export const EXIT = { verified: 0, 'not verified': 1, undetermined: 3 } as const satisfies Record<
  CustodyVerdict['outcome'],
  ExitCode
>

export function judgeCustody(graph: Graph, collected: Collected, direction: Direction): CustodyVerdict {
  const { faults, withdrawn, unasked, isCut, isDeeper } = collected
  const isKnown = graph.nodes.get(graph.root)?.about.some(isNamed) === true
  const lies = faults.filter(({ isLie }) => isLie).map(({ place, code, message }) => `${code}: ${place}: ${message}`)
  const { bad, maybe } = direction === 'up' ? advisoriesIn(graph, collected, isKnown) : { bad: [], maybe: [] }
  const forged = [...collected.forged].map(([name, count]) => `${count} in the name of ${name}, ${FORGED}`)
  if (lies.length + bad.length > 0)
    return {
      outcome: 'not verified',
      reasons: [...lies, ...bad],
      warnings: [...maybe, ...forged, ...(isCut ? [CUT] : [])],
    }
  const hidden = faults.map(({ code, message }) => `${code}: ${message}`)
  const gone = withdrawn.filter((one) => one.isNamed).map((one) => `ATTACHMENT_WITHDRAWN: ${withdrawnWords(one)}`)
  const isEmpty = direction === 'down' && graph.edges.length === 0 && !isKnown
  const unknown = isKnown || (direction === 'down' && !isEmpty) ? [] : [UNKNOWN]
  const isAside = unasked > 0 && !(direction === 'up' && isKnown) // where strangers alone lead nothing is decided
  const less = [
    ...(isCut || isAside ? [CUT] : []),
    ...(isDeeper ? ['there are more steps than were looked at (--depth)'] : []),
    ...([...countedOf({ ...collected, isNamed })].some(({ statement }) => isShort(statement)) ? [SHORT] : []),
  ]
  const reasons = [...hidden, ...gone, ...maybe, ...unknown, ...less]
  return { outcome: reasons.length === 0 ? 'verified' : 'undetermined', reasons, warnings: forged }
}

export function withdrawnWords({ place, by, since, reason }: WithdrawnStatement): string {
  return `${place}: its statement was withdrawn by the operator, see ${by} of ${since}: ${reason}`
}

const CUT = 'there are more statements than were looked at (--limit; of strangers, 1,024 requests or 30 seconds)'
const UNKNOWN = 'no signer that you named is shown to speak of it'
const FORGED = 'by a certificate that leads to no authority of the trusted root, as anybody can make one, passed over'
const SHORT = 'a statement names more than is looked at of one'

/** Parts lead nowhere. */
function isShort({ cut }: OpenedStatement['statement']): boolean {
  return cut.some((what) => what !== 'parts')
}

/**
 * Anybody may log an advisory: it counts by whose it is. And anybody may log that this was made from what one is about: where a
 * named signer speaks of it, that leaves it open, and is no more.
 */
function advisoriesIn(
  { upstream }: Graph,
  { statements }: Collected,
  isKnown: boolean,
): { readonly bad: string[]; readonly maybe: string[] } {
  const told = statements.flatMap((one) => {
    const { advisory, subjects, parts } = one.statement
    if (!isNamed(one) || advisory === null) return []
    const met = [...subjects, ...parts].find(({ digests }) => digests.some((digest) => upstream.has(digest)))
    const about = met ?? subjects[0]
    const words = `${advisory.status}: ${about?.name || about?.digests[0]}: ${advisory.reason}`
    return [{ counts: !isKnown || met !== undefined, words }]
  })
  return {
    bad: told.filter(({ counts }) => counts).map(({ words }) => words),
    maybe: told.filter(({ counts }) => !counts).map(({ words }) => `upstream by the word of strangers alone: ${words}`),
  }
}
