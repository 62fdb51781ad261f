/** Entries of the public log: our canonical form of what was proposed is what it logged, byte for byte. */

import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { admit } from '../../../src/dialects/rekor-v1/admit.ts'
import { parseJson } from '../../../src/formats/json.ts'
import type { PemLabel } from '../../../src/formats/pki/pem.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { parseProposalV1 } from '../../../src/formats/sigstore/proposal-v1.ts'
import { base64, hex, parseBase64, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import type { ErrorCode } from '../../../src/kernel/error.ts'
import { leafHash } from '../../../src/kernel/hash.ts'
import { verifyInclusion } from '../../../src/kernel/proof.ts'
import type { Entry } from '../../../src/log/ports.ts'
import { CASE_NAMES, readCase } from '../../verify/conformance.ts'
import { hashOf, vector } from '../rekor-v2/support.ts'
import * as make from './support.ts'

t.teardown(closeCrypto)

function propose(proposal: unknown): Promise<Entry> {
  return admit(parseProposalV1(parseJson(utf8(JSON.stringify(proposal)))), { attachmentLimit: 10_000 })
}

const sha256 = (bytes: Uint8Array) => hashOf('SHA2_256', bytes)

const HASHED = [
  'happy-path-v0.1',
  'happy-path-v0.2',
  'happy-path-v0.3',
  'happy-path-v0.3-new-mediaType',
  'managed-key-and-trusted-root',
  'managed-key-happy-path',
  'trust-root-tlog-validity-end-inclusive',
]

/** What the signer must have proposed for the entry in a bundle of the public log. */
function proposed(name: string): { proposal: unknown; entry: ReturnType<typeof entryOf> } {
  const one = readCase(name)
  const { content, material } = one.bundle()
  const { signer } = one.trust()
  const [der, label]: [Uint8Array, PemLabel] =
    material.kind === 'certificate'
      ? [material.leaf, 'CERTIFICATE']
      : [signer.kind === 'key' ? signer.key.der : new Uint8Array(), 'PUBLIC KEY']
  const verifier = make.pem64(der, label)
  const signature = base64(content.signature)
  const entry = entryOf(name)
  if (content.kind === 'message') {
    const hash = { algorithm: 'sha256', value: hex(sha256(one.artifact)) }
    const spec = { data: { hash }, signature: { content: signature, publicKey: { content: verifier } } }
    return { proposal: { apiVersion: '0.0.1', kind: 'hashedrekord', spec }, entry }
  }
  const { payload, payloadType } = content
  const envelope = JSON.stringify({ payload: base64(payload), payloadType, signatures: [{ sig: signature }] })
  const spec = { proposedContent: { envelope, verifiers: [verifier] } }
  return { proposal: { apiVersion: '0.0.1', kind: 'dsse', spec }, entry }
}

function entryOf(name: string) {
  const [entry] = readCase(name).bundle().entries
  if (entry === undefined || entry.proof === null) throw new Error(name)
  return { ...entry, proof: entry.proof }
}

t.test('entries of the public log, byte for byte', async (t) => {
  for (const name of [...HASHED, 'happy-path-intoto-in-dsse-v3']) {
    const { proposal, entry } = proposed(name)
    const { leaf } = await propose(proposal)
    t.equal(parseUtf8(leaf), parseUtf8(entry.body), name)
    const { proof } = entry
    verifyInclusion(leafHash(leaf), proof.index, proof, proof.path)
  }
  const known = await propose(proposed('managed-key-happy-path').proposal)
  t.equal(hex(leafHash(known.leaf)), '251d7335e207fb694536143ecff500072df1cae8f388a9c181794f31e1b2d42e')
})

/** Leaves of the suite that no log would take today: most were edited. */
const SPOILT: Readonly<Record<string, ErrorCode>> = {
  'bundle-empty-certificate-chain_fail': 'FIELD_MISSING',
  'bundle-invalid-base64-signature_fail': 'FIELD_INVALID',
  'bundle-negative-log-index_fail': 'FIELD_MISSING',
  'bundle-unknown-version_fail': 'FIELD_MISSING',
  'bundle-with-root-cert_fail': 'ALGORITHM_NOT_ALLOWED', // P-384 over SHA-256, of before the list of algorithms
  'incorrect-public-key_fail': 'SIGNATURE_INVALID',
}

t.test('every hashedrekord leaf of the suite, offered as it stands', async (t) => {
  const leaves = CASE_NAMES.flatMap((name) => loggedIn(name).map((leaf) => [name, leaf] as const))
  t.equal(leaves.length, 30)
  for (const [name, logged] of leaves) {
    const [code, proposal] = [SPOILT[name], JSON.parse(parseUtf8(logged))]
    if (code !== undefined) await t.rejects(() => propose(proposal), { code }, name)
    else t.equal(parseUtf8((await propose(proposal)).leaf), parseUtf8(logged), name)
  }
})

/** Of bundles, also of those that do not parse. */
function loggedIn(name: string): Uint8Array[] {
  const text = parseUtf8(vector(`sigstore-conformance/bundle-verify/${name}/bundle.sigstore.json`))
  const entry = /"kind": ?"hashedrekord",\s*"version": ?"0\.0\.1".*"canonicalizedBody": ?"([^"]+)"/s.exec(text)
  return entry?.[1] === undefined ? [] : [parseBase64(entry[1])]
}

t.test('an intoto entry of another log, but for the payload that its log kept in the leaf', async (t) => {
  const { body } = entryOf('intoto-with-custom-trust-root')
  const logged = JSON.parse(parseUtf8(body))
  const { leaf } = await propose(logged)
  delete logged.spec.content.envelope.payload
  t.equal(parseUtf8(leaf), parseUtf8(canonicalJson(logged)))
})
