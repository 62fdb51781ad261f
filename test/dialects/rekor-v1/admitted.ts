/** What is asked of every admitted entry. */

import type t from 'tap'
import { admit } from '../../../src/dialects/rekor-v1/admit.ts'
import { factsOfLeaf } from '../../../src/dialects/rekor-v1/keys.ts'
import { parseJson } from '../../../src/formats/json.ts'
import { digestKey } from '../../../src/formats/lookup-key.ts'
import { parseProposalV1 } from '../../../src/formats/sigstore/proposal-v1.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import type { ErrorCode } from '../../../src/kernel/error.ts'
import type { Entry } from '../../../src/log/ports.ts'

type Tap = typeof t

const LIMIT = { attachmentLimit: 10_000 }

export function propose(proposal: unknown, admission = LIMIT): Promise<Entry> {
  return admit(parseProposalV1(parseJson(utf8(JSON.stringify(proposal)))), admission)
}

export async function refused(t: Pick<Tap, 'rejects'>, proposal: unknown, code: ErrorCode, name: string) {
  await t.rejects(() => propose(proposal), { code }, name)
}

export function keysOf(entry: Entry, source: 'leaf' | 'attachment'): string[] {
  return entry.keys.filter((one) => one.source === source).map(({ key }) => hex(key))
}

/** Every key of the leaf, by what it is made of. */
export function sameLeafKeys(t: Pick<Tap, 'same' | 'match'>, entry: Entry, expected: readonly Uint8Array[]) {
  t.same(keysOf(entry, 'leaf').sort(), expected.map(hex).sort(), 'lookup keys')
  const facts = factsOfLeaf(entry.leaf)
  t.same(
    facts.keys.map(({ key }) => hex(key)),
    keysOf(entry, 'leaf'),
    'follow from the leaf alone',
  )
  for (const { algorithm, digest, content } of entry.attachments) {
    t.match(facts.attachments, [{ algorithm, digest, key: digestKey(algorithm, digest) }])
    const derived = facts.attachments.flatMap((named) => named.keysOf(content))
    t.same(
      derived.map(({ key }) => hex(key)),
      keysOf(entry, 'attachment'),
      'and from what is kept',
    )
  }
}
