/** The lookup keys of a statement that is kept beside its entry, whatever the dialect: what it speaks of, and from what that was made. */

import { sha256 } from '#sha256'
import { MAX_STATEMENT_DIGESTS } from '../formats/lineage/bound.ts'
import type { CustodyArtifact } from '../formats/lineage/descriptor.ts'
import { custodyOf } from '../formats/lineage/statement.ts'
import { located, orNull } from '../formats/located.ts'
import { digestKey, statementAboutKey, statementFromKey } from '../formats/lookup-key.ts'
import { namedDigests, parseLogged } from '../formats/sigstore/statement.ts'
import { hex, parseHex } from '../kernel/bytes.ts'
import type { LookupKey } from '../log/ports.ts'

/**
 * @throws TlogError ENVELOPE_MALFORMED when the payload is not JSON that everybody reads alike, or names too many artifacts in
 *   its standard fields: whoever logs it hears of that.
 */
export function statementKeys(payload: Uint8Array): readonly LookupKey[] {
  return located('ENVELOPE_MALFORMED', 'the in-toto payload', () => {
    const statement = parseLogged(payload)
    return keysOf(payload, custodyOf(statement), namedDigests(statement, MAX_STATEMENT_DIGESTS).map(spelled))
  })
}

/** The same of what is logged in any case: of too many artifacts, the first. @throws TlogError a JSON_ code */
export function firstStatementKeys(payload: Uint8Array): readonly LookupKey[] {
  const statement = parseLogged(payload)
  const named = orNull(() => namedDigests(statement, MAX_STATEMENT_DIGESTS)) ?? []
  return keysOf(payload, custodyOf(statement), named.map(spelled))
}

function keysOf(
  payload: Uint8Array,
  { subjects, parts, dependencies }: ReturnType<typeof custodyOf>,
  named: readonly string[],
): readonly LookupKey[] {
  const about = digestsOf([...subjects, ...parts])
  const from = digestsOf(dependencies)
  const said = new Set([...named, ...about, ...from])
  return [
    ...[...said].map((digest) => digestKey(...parted(digest))),
    ...[...about].map(statementAboutKey),
    ...[...from].map(statementFromKey),
    ...(said.size === 0 ? [] : [digestKey('sha256', sha256(payload))]), // a link names a statement by its payload
  ].map((key) => ({ key, source: 'attachment' }))
}

function spelled({ algorithm, digest }: { readonly algorithm: string; readonly digest: Uint8Array }): string {
  return `${algorithm}:${hex(digest)}`
}

function digestsOf(artifacts: readonly CustodyArtifact[]): ReadonlySet<string> {
  return new Set(artifacts.flatMap(({ digests }) => digests))
}

function parted(digest: string): [algorithm: string, digest: Uint8Array] {
  const colon = digest.lastIndexOf(':')
  return [digest.slice(0, colon), parseHex(digest.slice(colon + 1))]
}
