/** A proof file and its entry show a key's signature over a file in a log; nothing that is put in their place does. */

import t from 'tap'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { hash, leafIndex } from '../../src/kernel/brand.ts'
import { hex, parseBase64, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { verifyProvenFile } from '../../src/verify/proven-file.ts'
import { verifyProofOf } from '../../src/verify/tlog-proof.ts'
import {
  ARTIFACT,
  ed25519Signer,
  envelopeBundle,
  HOST,
  messageBundle,
  p256Signer,
  p384Signer,
  type TestSigner,
  V2_KEY,
} from './made.ts'
import { codeOf, flipped, refusedWith, witnessKey } from './support.ts'

const WITNESS = witnessKey('witness.example/w', 3)
const POLICY = parsePolicy(utf8(`log ${formatVkey(V2_KEY.vkey)}\nwitness w ${formatVkey(WITNESS.vkey)}\nquorum w\n`))

async function made(signer: TestSigner) {
  const json = await messageBundle({ signer, keys: [V2_KEY, WITNESS], origin: HOST })
  const [logged] = json.verificationMaterial.tlogEntries
  if (logged === undefined) throw new Error('no entry')
  const { inclusionProof } = logged
  const proof = formatTlogProof({
    extra: null,
    index: leafIndex(1),
    path: inclusionProof.hashes.map((one) => hash(parseBase64(one))),
    note: utf8(inclusionProof.checkpoint.envelope),
  })
  return { json, proof, entry: parseBase64(logged.canonicalizedBody) }
}

const signer = p256Signer()
const { json, proof, entry } = await made(signer)
const trust = { key: signer.key, policy: POLICY, mlDsa44: null }

t.test('what is shown', async (t) => {
  const verdict = await verifyProvenFile({ proof, entry }, ARTIFACT, trust)
  t.match(verdict, {
    signed: { kind: 'file' },
    signer: { kind: 'key', algorithm: 'PKIX_ECDSA_P256_SHA_256' },
    entries: [
      {
        log: { url: '' },
        kind: 'hashedrekord 0.0.2',
        leaf: hex(leafHash(entry)),
        index: 1,
        inclusion: { origin: HOST, size: 3, cosigners: [{ witness: 'w' }] },
      },
    ],
    times: [],
    notCovered: ['time', 'key owner'],
  })
  const blind = { ...trust, policy: { ...POLICY, quorum: null } }
  t.same((await verifyProvenFile({ proof, entry }, ARTIFACT, blind)).notCovered, ['time', 'witnesses', 'key owner'])
  const other = p384Signer()
  const found = await verifyProvenFile(await made(other), ARTIFACT, { ...trust, key: other.key })
  t.equal(found.artifact.algorithm, 'SHA2_384')
})

t.test('what is not', async (t) => {
  const stranger = p256Signer()
  const theirs = await made(stranger)
  const check = (files: { proof: Uint8Array; entry: Uint8Array }, artifact = ARTIFACT, by = trust) =>
    codeOf(() => verifyProvenFile(files, artifact, by))
  t.equal(await check({ proof, entry }), 'ok')
  t.equal(await check({ proof, entry: theirs.entry }), 'SIGNER_MISMATCH', 'the entry of another key')
  t.equal(await check({ proof: theirs.proof, entry }), 'PROOF_INVALID', 'the proof of another entry')
  t.equal(await check(theirs, ARTIFACT, { ...trust, key: ed25519Signer().key }), 'SIGNER_MISMATCH')
  t.equal(await check({ proof, entry }, new Map([['SHA2_256', new Uint8Array(32)]])), 'ARTIFACT_MISMATCH')
  t.equal(await check({ proof, entry }, new Map()), 'CHECK_UNAVAILABLE')
  t.equal(await check({ proof, entry }, ARTIFACT, { ...trust, policy: { ...POLICY, logs: [] } }), 'LOG_NOT_TRUSTED')
  const [dsse] = (await envelopeBundle(signer)).verificationMaterial.tlogEntries
  const envelope = parseBase64(dsse?.canonicalizedBody ?? '')
  t.equal(await check({ proof, entry: envelope }), 'CHECK_UNAVAILABLE', 'an envelope, of which the log has hashes')
})

t.test('a changed bit anywhere', async (t) => {
  for (const [name, bytes] of Object.entries({ proof, entry })) {
    const taken: number[] = []
    for (let at = 0; at < bytes.length; at++) {
      const changed = flipped(bytes, at * 8 + (at % 8))
      const files = { proof, entry, [name]: changed }
      if ((await codeOf(() => verifyProvenFile(files, ARTIFACT, trust))) === 'ok') taken.push(at)
    }
    t.same(taken, [], name)
  }
})

t.test('beside a bundle, about its entry', async (t) => {
  const bundle = parseSigstoreBundle(utf8(JSON.stringify(json)))
  t.match(await verifyProofOf(bundle, proof, POLICY, null), { index: 1, leaf: leafHash(entry) })
  const theirs = await made(p256Signer())
  await refusedWith('ENTRY_MISMATCH', () => verifyProofOf(bundle, theirs.proof, POLICY, null), 'about another')
  await refusedWith('LOG_NOT_TRUSTED', () => verifyProofOf(bundle, proof, { ...POLICY, logs: [] }, null), 'no log')
})
