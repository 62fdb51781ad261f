/** Where statements lead, over what was opened: a server's word on what belongs together counts for nothing. Pure. */

import type { Direction } from '../../client/custody.ts'
import { nextOf } from '../../custody/walk.ts'
import type { CustodyStatement } from '../../formats/lineage/statement.ts'

export interface Said {
  readonly statement: CustodyStatement
}

export interface Reach<T extends Said> {
  /** How far away, 1 for those that were asked about: as a server counts the depth. */
  readonly artifacts: ReadonlyMap<string, number>
  readonly statements: readonly T[]
}

/** Breadth first, so that each is met on its shortest way; a cycle ends. */
export function reach<T extends Said>(
  artifacts: readonly string[],
  statements: readonly T[],
  { direction, depth }: { readonly direction: Direction; readonly depth: number },
): Reach<T> {
  const naming = byArtifact(statements, direction)
  const near = new Map(artifacts.map((artifact) => [artifact, 1]))
  const found = new Set<T>()
  let [level, next] = [[...near.keys()], [] as string[]]
  for (let at = 1; at <= depth && level.length > 0; at++, [level, next] = [next, []])
    for (let i = 0; i < level.length; i++) {
      const artifact = level[i] as string
      for (const one of naming.get(artifact) ?? []) {
        found.add(one)
        for (const { digests, step } of nextOf(one.statement, artifact, direction))
          for (const digest of digests.filter((each) => !near.has(each))) {
            near.set(digest, at + step)
            ;(step === 0 ? level : next).push(digest)
          }
      }
    }
  return { artifacts: near, statements: [...found] }
}

function byArtifact<T extends Said>(statements: readonly T[], direction: Direction): ReadonlyMap<string, readonly T[]> {
  const naming = new Map<string, T[]>()
  for (const one of statements) {
    const { subjects, parts, dependencies } = one.statement
    const named = [...subjects, ...parts, ...(direction === 'down' ? dependencies : [])]
    for (const digest of new Set(named.flatMap(({ digests }) => digests))) listOf(naming, digest).push(one)
  }
  return naming
}

function listOf<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}
