/** The lookup keys of a statement that is kept beside its entry, whatever the dialect: what it speaks of, and from what that was made. */

import { sha256 } from '#sha256'
import { type CustodyArtifact, custodyOf, MAX_STATEMENT_DIGESTS } from '../formats/lineage/statement.ts'
import { located } from '../formats/located.ts'
import { digestKey, statementAboutKey, statementFromKey } from '../formats/lookup-key.ts'
import { namedDigests, parseLogged } from '../formats/sigstore/statement.ts'
import { hex, parseHex } from '../kernel/bytes.ts'
import type { LookupKey } from '../log/ports.ts'

/**
 * @throws TlogError ENVELOPE_MALFORMED when the payload is not JSON that everybody reads alike, or names too many artifacts:
 *   it is never indexed in part, so that an answer to a search is complete.
 */
export function statementKeys(payload: Uint8Array): readonly LookupKey[] {
  return located('ENVELOPE_MALFORMED', 'the in-toto payload', () => {
    const statement = parseLogged(payload)
    const named = namedDigests(statement, MAX_STATEMENT_DIGESTS)
    const { subjects, parts, dependencies } = custodyOf(statement)
    const about = digestsOf([...subjects, ...parts])
    const from = digestsOf(dependencies)
    const said = new Set([...named.map(({ algorithm, digest }) => `${algorithm}:${hex(digest)}`), ...about, ...from])
    return [
      ...[...said].map((digest) => digestKey(...parted(digest))),
      ...[...about].map(statementAboutKey),
      ...[...from].map(statementFromKey),
      ...(said.size === 0 ? [] : [digestKey('sha256', sha256(payload))]), // a link names a statement by its payload
    ].map((key) => ({ key, source: 'attachment' }))
  })
}

function digestsOf(artifacts: readonly CustodyArtifact[]): ReadonlySet<string> {
  return new Set(artifacts.flatMap(({ digests }) => digests))
}

function parted(digest: string): [algorithm: string, digest: Uint8Array] {
  const colon = digest.lastIndexOf(':')
  return [digest.slice(0, colon), parseHex(digest.slice(colon + 1))]
}
