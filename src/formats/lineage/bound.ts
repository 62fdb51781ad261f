/** How much of one statement is looked at: by servers that index it, and by clients that read what those found. */

import type { CustodyArtifact } from './descriptor.ts'

/** What a statement lists of artifacts, in the order in which they count. */
export interface Listed {
  readonly subjects: readonly CustodyArtifact[]
  readonly dependencies: readonly CustodyArtifact[]
  readonly parts: readonly CustodyArtifact[]
}

export type Cut = keyof Listed

/** Of one statement: digests that lead somewhere, and what has none or was named before. */
export const MAX_STATEMENT_DIGESTS = 4096

/** The first artifacts, whole ones, that have no more than that. */
export function fitted({ subjects, dependencies, parts }: Listed): Listed & { readonly cut: readonly Cut[] } {
  const seen = new Set<string>()
  let room = MAX_STATEMENT_DIGESTS
  const cut: Cut[] = []
  const fit = (name: Cut, artifacts: readonly CustodyArtifact[]): readonly CustodyArtifact[] => {
    const end = artifacts.findIndex(({ digests }) => {
      const added = digests.filter((digest) => !seen.has(digest))
      for (const digest of added) seen.add(digest)
      room -= Math.max(1, added.length)
      return room < 0
    })
    if (end < 0) return artifacts
    cut.push(name)
    return artifacts.slice(0, end)
  }
  return {
    subjects: fit('subjects', subjects),
    dependencies: fit('dependencies', dependencies),
    parts: fit('parts', parts),
    cut,
  }
}
