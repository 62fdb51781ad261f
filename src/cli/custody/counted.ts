/**
 * Whose word counts: statements by named signers, and those that one of these means by its hash, and so on. What only others say leads
 * to wherever they like: anybody may log that a file was made from anything.
 */

import type { OpenedStatement } from './collect.ts'
import type { GraphEdge } from './graph.ts'

interface Known {
  readonly statements: Iterable<OpenedStatement>
  readonly isNamed: (statement: OpenedStatement) => boolean
}

export function countedOf({ statements, isNamed }: Known): ReadonlySet<OpenedStatement> {
  const all = [...statements]
  const byPayload = new Map(all.map((one) => [one.payload, one]))
  const counted = new Set(all.filter(isNamed))
  for (const { statement } of counted) // and over what is added meanwhile
    for (const { link } of statement.dependencies) {
      const meant = link === null ? undefined : byPayload.get(link)
      if (meant !== undefined) counted.add(meant)
    }
  return counted
}

interface Named {
  readonly counted: Iterable<OpenedStatement>
  /** What was seen here. */
  readonly seen: readonly GraphEdge[]
  readonly idOf: (digests: readonly string[]) => string | null
}

/** Ids of what an artifact was made from, by words that count; and its own. */
export function upstreamOf(root: string, { counted, seen, idOf }: Named): ReadonlySet<string> {
  const next = new Map<string, string[]>()
  const lead = (from: readonly string[], to: readonly string[]) => {
    for (const id of from) next.set(id, [...(next.get(id) ?? []), ...to])
  }
  for (const { made, from } of seen) lead([made], [from])
  for (const { statement } of counted) {
    const idsOf = (list: readonly { readonly digests: readonly string[] }[]) =>
      list.flatMap(({ digests }) => idOf(digests) ?? [])
    const subjects = [...new Set(idsOf(statement.subjects))]
    lead(subjects, idsOf(statement.dependencies))
    const parts = new Set(idsOf(statement.parts))
    lead(
      [...parts].filter((id) => !subjects.includes(id)),
      subjects,
    )
  }
  const reached = new Set([root])
  for (const id of reached) for (const other of next.get(id) ?? []) reached.add(other)
  return reached
}
