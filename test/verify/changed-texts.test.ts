/**
 * Files of bundles changed at random: in bytes, in JSON, in base64 from the inside, in DER. One that still verifies says
 * what the file before said, or less.
 */

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import type { Verdict, VerdictEntry } from '../../src/verify/verdict.ts'
import { mutate } from '../fuzz/mutate.ts'
import { randomOf } from '../fuzz/random.ts'
import { KINDS, type Kind } from './kinds.ts'
import { codeOf } from './support.ts'

t.setTimeout(120_000)
const COUNT = 150
const WORDS = [
  'verificationMaterial',
  'tlogEntries',
  'inclusionProof',
  'inclusion_proof',
  'checkpoint',
  'signature',
].concat(['messageSignature', 'dsseEnvelope', 'publicKey', 'certificate', 'integratedTime', '"0"', 'null', '0.0.1'])

function saysNoMore(after: Verdict, before: Verdict): boolean {
  const same = (['artifact', 'signed', 'signer'] as const).every((part) => isDeepStrictEqual(after[part], before[part]))
  const isOf = (entry: VerdictEntry) => before.entries.some((other) => isLess(entry, other))
  const timesHold = after.times.every((time) => before.times.some((other) => isDeepStrictEqual(time, other)))
  return same && timesHold && after.entries.every(isOf)
}

function isLess(after: VerdictEntry, before: VerdictEntry): boolean {
  const index = after.index ?? before.index
  const inclusion = after.inclusion ?? before.inclusion
  return isDeepStrictEqual({ ...after, index, inclusion }, before)
}

async function verdictOf(kind: Kind, text: Uint8Array): Promise<Verdict | null> {
  const verdicts: Verdict[] = []
  const verify = async () =>
    void verdicts.push(await verifyBundle(parseSigstoreBundle(text), kind.artifact, kind.trust))
  await codeOf(verify)
  return verdicts[0] ?? null
}

let verified = 0
for (const kind of KINDS)
  t.test(kind.name, async (t) => {
    const text = utf8(JSON.stringify(kind.json))
    const before = await verdictOf(kind, text)
    if (before === null) throw new Error('it verifies as it is')
    const random = randomOf(`texts ${kind.name}`)
    const wrong: string[] = []
    for (let i = 0; i < COUNT; i++) {
      const changed = mutate(text, { random, corpus: [text], words: WORDS, maxBytes: 65_536 })
      const after = await verdictOf(kind, changed)
      if (after !== null) verified += 1
      if (after !== null && !saysNoMore(after, before)) wrong.push(Buffer.from(changed).toString('latin1'))
    }
    t.same(wrong, [])
  })

t.test('some do verify', async (t) => t.ok(verified > 0, `${verified}`))
