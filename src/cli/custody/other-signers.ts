/** Who else signed the same bytes: each signature is an entry of its own, and only one of them need have come with the content. */

import { sha256 } from '#sha256'
import { hitsOf } from '../../client/search.ts'
import type { EntryQuery } from '../../formats/entry-query.ts'
import { pae } from '../../formats/sigstore/dsse.ts'
import { hex } from '../../kernel/bytes.ts'
import type { TrustedSigner } from '../../verify/trust.ts'
import { digestsOf } from './brought.ts'
import type { Opened, Trusted } from './open.ts'

/**
 * Of one statement and algorithm. Where there are more, the named are asked for by themselves: strangers do not crowd them out, and
 * hardly by certificates in their name.
 */
const MAX_SHOWN = { or: 64, and: 4096 } as const
const NAMES = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' } as const

/** What was signed: an envelope's encoding, or a file. */
export function signedBytes({ payloadType, payload }: Pick<Opened, 'payloadType' | 'payload'>): Uint8Array {
  return payloadType === null ? payload : pae(payloadType, payload)
}

/** Places of entries. @throws TlogError SERVICE_REFUSED, SERVICE_UNREACHABLE */
export async function* placesOfSigners(content: Uint8Array, { ask, url, signers }: Trusted): AsyncGenerator<string> {
  for (const [name, digest] of digestsOf(content)) {
    const hash = `${NAMES[name]}:${hex(digest)}`
    const queries: EntryQuery[] = [{ hash, operator: 'or' }]
    for (let query = queries.shift(); query !== undefined; query = queries.shift()) {
      let count = 0
      for await (const { place } of hitsOf(ask, url, query, MAX_SHOWN.or)) {
        if (++count <= MAX_SHOWN[query.operator]) yield place
        else if (query.operator === 'or') queries.push(...signers.map((signer) => queryBy(hash, signer)))
        if (count > MAX_SHOWN[query.operator]) break
      }
    }
  }
}

/** Entries under a digest by one signer. */
export function queryBy(hash: string, signer: TrustedSigner): EntryQuery {
  if (signer.kind === 'key') return { hash, fingerprint: hex(sha256(signer.key.der)), operator: 'and' }
  return { hash, subject: signer.name, operator: 'and' }
}
