/**
 * Whose word counts: statements by named signers, and those that one of these means by its hash, and so on. What only others say leads
 * to wherever they like: anybody may log that a file was made from anything.
 */

import type { OpenedStatement } from './collect.ts'
import type { SeenPart } from './graph.ts'

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
  readonly seen: readonly SeenPart[]
}

type Described = readonly { readonly digests: readonly string[] }[]

/**
 * Digests of what an artifact was made from, by words that count; and its own. What strangers say to be one artifact under several
 * digests leads nowhere either.
 */
export function upstreamOf(own: readonly string[], { counted, seen }: Named): ReadonlySet<string> {
  const next = new Map<string, (readonly string[])[]>()
  const lead = (from: readonly string[], to: readonly string[]) => {
    for (const digest of from) {
      const lists = next.get(digest) ?? []
      lists.push(to)
      next.set(digest, lists)
    }
  }
  const all = (described: Described) => described.flatMap(({ digests }) => digests)
  const same = (described: Described) => {
    for (const { digests } of described) lead(digests, digests)
  }
  for (const part of seen) lead(part.within, part.digests)
  same([{ digests: own }, ...seen])
  for (const { statement } of counted) {
    const { subjects, parts, dependencies } = statement
    same([...subjects, ...parts, ...dependencies])
    lead(all(subjects), all(dependencies))
    const made = new Set(all(subjects))
    lead(
      all(parts).filter((digest) => !made.has(digest)),
      [...made],
    )
  }
  const reached = new Set(own)
  const gone = new Set<readonly string[]>() // many lead to the same ones
  for (const digest of reached)
    for (const list of next.get(digest) ?? []) {
      if (gone.has(list)) continue
      gone.add(list)
      for (const other of list) reached.add(other)
    }
  return reached
}
