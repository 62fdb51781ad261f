/** A policy that demands a log's ML-DSA-44 line: alone, beside its Ed25519 line, and of logs that cannot give it. */

import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { hash } from '../../src/kernel/brand.ts'
import { utf8 } from '../../src/kernel/bytes.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { openCheckpoint } from '../../src/verify/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/verify-node/ml-dsa.ts'
import { ARTIFACT, HOST, messageBundle, p256Signer, ROOT, TREE_ID, V2_KEY } from './made.ts'
import { v1Bundle } from './made-v1.ts'
import { codeOf, flipped, head, logKey, mlDsaKey, type NoteKey, noteOf, signedBy, witnessKey } from './support.ts'

const PQ = mlDsaKey(HOST, 31)
const W = witnessKey('w.example', 1)
const SIGNER = p256Signer()
const [ed25519, mlDsa, w] = [V2_KEY, PQ, W].map(({ vkey }) => formatVkey(vkey))

/** Lines of a policy, and which checkpoints it takes: with the Ed25519 line, the ML-DSA-44 line, both, both and a witness. */
const POLICIES: readonly [name: string, policy: string, codes: readonly [string, string, string, string]][] = [
  ['the classical key', `log ${ed25519}\nquorum none\n`, ['ok', 'CHECKPOINT_UNTRUSTED', 'ok', 'ok']],
  ['the post-quantum key', `log ${mlDsa}\nquorum none\n`, ['CHECKPOINT_UNTRUSTED', 'ok', 'ok', 'ok']],
  ['any of the two', `log ${ed25519}\nlog ${mlDsa}\nquorum none\n`, ['ok', 'ok', 'ok', 'ok']],
  [
    'both, the second as a cosigner',
    `log ${ed25519}\nwitness PQ ${mlDsa}\nquorum PQ\n`,
    ['QUORUM_MISSED', 'CHECKPOINT_UNTRUSTED', 'ok', 'ok'],
  ],
  [
    'both, and a witness',
    `log ${ed25519}\nwitness PQ ${mlDsa}\nwitness W ${w}\ngroup G all PQ W\nquorum G\n`,
    ['QUORUM_MISSED', 'CHECKPOINT_UNTRUSTED', 'QUORUM_MISSED', 'ok'],
  ],
]
const SETS: readonly (readonly NoteKey[])[] = [[V2_KEY], [PQ], [V2_KEY, PQ], [V2_KEY, PQ, W]]

t.test('checkpoints', async (t) => {
  const checkpoint = head(HOST, 3, hash(new Uint8Array(32).fill(9)))
  for (const [name, text, codes] of POLICIES)
    for (const [i, keys] of SETS.entries()) {
      const note = await signedBy(checkpoint, ...keys)
      t.equal(
        await codeOf(() => openCheckpoint(note, parsePolicy(utf8(text)), verifyMlDsa44)),
        codes[i],
        `${name}, ${i}`,
      )
    }
})

t.test('bundles of a v2 log: the root asks for the Ed25519 line besides', async (t) => {
  for (const [name, text, codes] of POLICIES)
    for (const i of [0, 2, 3]) {
      const json = await messageBundle({ signer: SIGNER, keys: SETS[i] ?? [], origin: HOST })
      t.equal(await codeOf(() => verify(json, text)), codes[i], `${name}, ${i}`)
    }
  const both = await messageBundle({ signer: SIGNER, keys: [V2_KEY, PQ], origin: HOST })
  t.equal(await codeOf(() => verify(both, `log ${mlDsa}\nquorum none\n`, null)), 'CHECK_UNAVAILABLE')
})

t.test('a line that is wrong anywhere is no line', async (t) => {
  const checkpoint = head(HOST, 3, hash(new Uint8Array(32).fill(9)))
  const policy = parsePolicy(utf8(`log ${mlDsa}\nquorum none\n`))
  const line = await PQ.line(checkpoint)
  const codes = await Promise.all(
    [0, 63, 64, 64 + 8, 8 * 1000, 8 * 2428 - 1].map((bit) => {
      const note = noteOf(checkpoint, [{ ...line, signature: flipped(line.signature, bit) }])
      return codeOf(() => openCheckpoint(note, policy, verifyMlDsa44))
    }),
  )
  t.same(new Set(codes), new Set(['SIGNATURE_INVALID']), 'a bit of the time, or of the signature')
  const other = await PQ.line({ ...checkpoint, size: head(HOST, 4, checkpoint.root).size })
  t.equal(await codeOf(() => openCheckpoint(noteOf(checkpoint, [other]), policy, verifyMlDsa44)), 'SIGNATURE_INVALID')
})

t.test('bundles of a v1 log hold its ECDSA line alone: who demands another one gets none', async (t) => {
  const json = await v1Bundle(SIGNER, { version: '0.3', content: 'message', kind: 'hashedrekord', hasProof: true })
  const name = `${HOST}/${TREE_ID}`
  const [classical, postQuantum] = [logKey(name, 8), mlDsaKey(name, 8)].map(({ vkey }) => `log ${formatVkey(vkey)}\n`)
  t.equal(await codeOf(() => verify(json, `${classical}quorum none\n`)), 'ok', 'listed by its name')
  t.equal(await codeOf(() => verify(json, `${classical}${postQuantum}quorum none\n`)), 'ok')
  t.equal(await codeOf(() => verify(json, `${postQuantum}quorum none\n`)), 'CHECKPOINT_UNTRUSTED')
})

function verify(json: object, policy: string, mlDsa44: typeof verifyMlDsa44 | null = verifyMlDsa44) {
  return verifyBundle(parseSigstoreBundle(utf8(JSON.stringify(json))), ARTIFACT, {
    signer: { kind: 'key', key: SIGNER.key },
    root: ROOT,
    policy: parsePolicy(utf8(policy)),
    abilities: { certificates: null, mlDsa44 },
  })
}
