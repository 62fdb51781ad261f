/** A statement that is there already, and the hash by which others link to it. Whether it is any good is not looked at. */

import { sha256 } from '#sha256'
import { readBounded } from '../../files/read-bounded.ts'
import { type Digests, isDigestAlgorithm } from '../../formats/custody/digests.ts'
import type { StatementLink } from '../../formats/custody/resource.ts'
import { isJsonObject, parseJson } from '../../formats/json.ts'
import { located } from '../../formats/located.ts'
import { parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { parseStatement } from '../../formats/sigstore/statement.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { BUNDLE_MAX_BYTES } from '../verify/claim.ts'

export interface LinkedSubject {
  readonly name: string
  readonly digests: Digests
}

export interface Linked {
  readonly link: StatementLink
  readonly subjects: readonly LinkedSubject[]
}

/** @param path of a bundle, or of the statement itself. @throws TlogError CONFIG_INVALID; the system's error */
export async function readLinked(path: string): Promise<Linked> {
  const bytes = await readBounded(path, BUNDLE_MAX_BYTES)
  return located('CONFIG_INVALID', path, () => {
    if (bytes.length > BUNDLE_MAX_BYTES) throw new TlogError('CONFIG_INVALID', `over ${BUNDLE_MAX_BYTES} bytes`)
    const payload = payloadOf(bytes)
    const { predicateType, subjects } = parseStatement(payload)
    const link = { payloadSha256: sha256(payload), predicateType }
    return { link, subjects: subjects.flatMap(({ name, digests }) => subjectOf(name, digests)) }
  })
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const json = parseJson(bytes, { maxValues: 1_000_000, inexact: true })
  if (isJsonObject(json) && json.mediaType === undefined) return bytes
  const { content } = parseSigstoreBundle(bytes)
  if (content.kind === 'envelope') return content.payload
  throw new TlogError('CONFIG_INVALID', 'a bundle without a statement')
}

/** What it is known by in our words; a subject that has none is none to us. */
function subjectOf(name: string, digests: ReadonlyMap<string, Uint8Array>): LinkedSubject[] {
  const known: Digests = new Map(
    [...digests].flatMap(([key, digest]) => (isDigestAlgorithm(key) ? [[key, digest]] : [])),
  )
  return known.size === 0 ? [] : [{ name, digests: known }]
}

/** Which of the subjects is meant: one of that digest; else of that name; else the dataset's tree; else the first. */
export function chosen(
  { subjects }: Linked,
  { digests, name, role }: { digests: Digests | null; name: string | undefined; role: string },
): LinkedSubject | null {
  if (digests !== null) return subjects.find((subject) => isSame(subject.digests, digests)) ?? null
  const byName = name === undefined ? undefined : subjects.find((subject) => subject.name === name)
  const tree = role === 'dataset' ? subjects.find((subject) => subject.digests.has('rfc6962_sha256')) : undefined
  return byName ?? tree ?? subjects[0] ?? null
}

function isSame(a: Digests, b: Digests): boolean {
  return [...a].some(([algorithm, digest]) => {
    const other = b.get(algorithm)
    return other !== undefined && equal(other, digest)
  })
}
