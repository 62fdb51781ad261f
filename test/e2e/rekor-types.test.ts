/**
 * Random proposed entries, put to sigstore/rekor's own Go types (go/rekor-types) and to ours: the leaves are
 * equal byte for byte, what theirs is indexed under ours is found by, and what only one of us takes stands in a table.
 * COLOPHON_E2E_PROPOSALS=10000 for a long run.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { admit } from '../../src/dialects/rekor-v1/admit.ts'
import { criteriaOf } from '../../src/formats/entry-query.ts'
import { parseJson } from '../../src/formats/json.ts'
import { digestKey } from '../../src/formats/lookup-key.ts'
import { parseProposalV1 } from '../../src/formats/sigstore/proposal-v1.ts'
import { hex, parseBase64, parseHex, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Entry } from '../../src/log/ports.ts'
import { createRandom } from '../fault/load.ts'
import { type Case, Proposer } from './rekor-v1/proposals.ts'
import { makeOutsiders, makeSigners } from './rekor-v1/signers.ts'
import { client } from './support.ts'

const COUNT = Number(process.env.COLOPHON_E2E_PROPOSALS ?? 3000)

/** What Rekor logs and we refuse, and why. */
const STRICTER: Readonly<Record<string, string>> = {
  'hashedrekord 0.0.1: capital hex': 'the same digest in two spellings would be two entries, and clients compare hex',
  'hashedrekord 0.0.1: base64 in lines': 'one spelling of base64; Go skips line ends',
  'rekord 0.0.1: ssh: RSA': 'OpenSSH signs with SHA-512, and the one list of algorithms has RSA with SHA-256 alone',
  'rekord 0.0.1: ssh: under another name': 'the entry would say that a key made a signature that it did not make',
  'rekord 0.0.1: minisign: another ID': 'the same: minisign itself refuses such a pair',
  'dsse 0.0.1: an outsider': 'Rekor checks the list of algorithms for hashedrekord alone: RSA-1024 would be logged',
  'cose 0.0.1: the payload in a longer head': 'one message in two spellings would be two entries',
  'cose 0.0.1: a number in a longer head': 'the same, in the signed header',
  'cose 0.0.1: alg in the open header too': 'an unsigned parameter beside the signed one (RFC 9052 §3)',
  'cose 0.0.1: no alg, with aad': 'nothing in the message says how it was signed',
  'cose 0.0.1: critical and unknown': 'whoever does not know a critical parameter must refuse (RFC 9052 §3.1)',
  'intoto 0.0.1: a second signature': 'the entry names one key, and the other signature was checked by nobody',
  'intoto 0.0.2: a key that signed twice': 'Rekor takes it when the signatures are the same, as RSA makes them',
  'intoto 0.0.2: a hash that is none': 'a hash is 64 hex digits',
  'intoto 0.0.2: keys in another order': 'the entry would say that a key made a signature that it did not make',
}

/** What we log and Rekor refuses, and why. */
const LAXER: Readonly<Record<string, string>> = {
  'intoto 0.0.1: a key ID':
    'a hint that nothing authenticates; Rekor wants the fingerprint that SSH would give the key',
}

interface Answer {
  readonly body?: string
  readonly keys?: readonly string[]
  readonly refused?: string
}

t.setTimeout(20 * 60_000)
t.teardown(closeCrypto)

const seed = process.env.COLOPHON_E2E_SEED ?? 'colophon' // one that draws every row of the tables
const program = await client('rekor-types')

async function theirs(cases: readonly Case[]): Promise<Answer[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'ignore'] }) // a line of log for most entries
  const ended = once(child, 'close')
  child.stdin.end(cases.map(({ proposal }) => `${JSON.stringify(proposal)}\n`).join(''))
  const answers: Answer[] = []
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line))
  t.same(await ended, [0, null])
  return answers
}

async function ours({ proposal }: Case): Promise<Entry | TlogError> {
  try {
    return await admit(parseProposalV1(parseJson(utf8(JSON.stringify(proposal)))), { attachmentLimit: 2 ** 20 })
  } catch (error) {
    if (error instanceof TlogError) return error
    throw error
  }
}

/** Rekor's keys that are digests or names, under which the entry is not found here. */
function unfound(entry: Entry, keys: readonly string[]): string[] {
  const found = new Set(entry.keys.map(({ key }) => hex(key)))
  return keys.filter((text) => {
    const [, algorithm, digest] = /^(sha\d+):([0-9a-f]+)$/.exec(text) ?? []
    if (algorithm !== undefined && digest !== undefined) return !found.has(hex(digestKey(algorithm, parseHex(digest))))
    const isKeyHash = /^[0-9a-f]{64}$/.test(text)
    return !isKeyHash && !keysOfName(text).some((key) => found.has(hex(key)))
  })
}

function keysOfName(subject: string): readonly Uint8Array[] {
  return criteriaOf({ subject, operator: 'or' }).criteria.flat()
}

t.test(`both log the same, byte for byte: seed ${seed}`, async (t) => {
  const random = createRandom(seed)
  const proposer = new Proposer(random, makeSigners(), makeOutsiders())
  const cases = Array.from({ length: COUNT }, () => proposer.next())
  const answers = await theirs(cases)
  t.equal(answers.length, COUNT)
  const differences = new Map<string, string>()
  const explained = new Set<string>()
  let equal = 0
  for (const [i, one] of cases.entries()) {
    const [mine, their] = [await ours(one), answers[i] ?? {}]
    if (mine instanceof TlogError) {
      if (their.body === undefined) continue
      if (one.name in STRICTER) explained.add(one.name)
      else differences.set(one.name, `refused here: ${mine.message}\n${JSON.stringify(one.proposal)}`)
    } else if (their.body === undefined) {
      if (one.name in LAXER) explained.add(one.name)
      else differences.set(one.name, `refused there: ${their.refused}\n${JSON.stringify(one.proposal)}`)
    } else if (parseUtf8(mine.leaf) !== parseUtf8(parseBase64(their.body))) differences.set(one.name, 'another leaf')
    else if (unfound(mine, their.keys ?? []).length > 0) differences.set(one.name, 'not found by a key of theirs')
    else equal++
  }
  t.same(Object.fromEntries(differences), {}, 'every difference stands in a table')
  t.same(
    [...explained].sort(),
    Object.keys({ ...STRICTER, ...LAXER }).sort(),
    'and the tables have nothing that is none',
  )
  t.ok(equal > COUNT / 4, `${equal} of ${COUNT} were logged by both`)
})
