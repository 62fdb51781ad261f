/** What the readers of bills of materials share: hashes by the bill's names, and bounds. Total, as descriptor.ts. */

import type { JsonValue } from '../json.ts'
import { type CustodyArtifact, digestText, textOf } from './descriptor.ts'

/** Components and elements that are looked at; a bill of an image has more, and custody is not about those. */
export const MAX_ELEMENTS = 10_000

/** `SHA-256` of CycloneDX, `sha256` of SPDX. */
export function hashText(name: JsonValue, value: JsonValue): string | null {
  return digestText(
    textOf(name)
      .toLowerCase()
      .replace(/^sha-(?=[0-9]{3}$)/, 'sha'),
    value,
  )
}

export function listed(values: readonly (string | null)[]): string[] {
  return values.filter((value) => value !== null)
}

/** Without a digest nothing leads on; the same one twice is one. */
export function distinct(artifacts: readonly CustodyArtifact[]): CustodyArtifact[] {
  const byDigests = new Map<string, CustodyArtifact>()
  for (const artifact of artifacts) {
    const key = artifact.digests.join()
    if (key !== '' && !byDigests.has(key)) byDigests.set(key, artifact)
  }
  return [...byDigests.values()]
}
