/** Every case of the Sigstore conformance suite gets its verdict, by file and by digest, and for the right reason. */

import { hash } from 'node:crypto'
import t from 'tap'
import { parseHex } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { Artifact } from '../../src/verify/artifact.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { CASE_NAMES, type Case, readCase } from './conformance.ts'

/** Why each is refused. */
const REFUSED: Readonly<Record<string, string>> = {
  'bundle-empty-certificate-chain_fail': 'FIELD_INVALID',
  'bundle-from-wrong-instance_fail': 'LOG_NOT_TRUSTED',
  'bundle-invalid-base64-signature_fail': 'FIELD_INVALID',
  'bundle-malformed-json_fail': 'JSON_MALFORMED',
  'bundle-negative-log-index_fail': 'FIELD_INVALID',
  'bundle-unknown-version_fail': 'FIELD_INVALID',
  'bundle-with-root-cert_fail': 'CERTIFICATE_UNTRUSTED',
  'checkpoint-bad-keyhint_fail': 'CHECKPOINT_UNTRUSTED',
  'checkpoint-wrong-roothash_fail': 'CHECKPOINT_UNTRUSTED',
  'dsse-invalid-sig_fail': 'SIGNATURE_INVALID',
  'dsse-mismatch-envelope_fail': 'ENTRY_MISMATCH',
  'dsse-mismatch-sig_fail': 'ENTRY_MISMATCH',
  'inclusion-proof-corrupted-hash_fail': 'PROOF_INVALID',
  'incorrect-public-key_fail': 'ENTRY_MISMATCH',
  'integrated-time-in-future_fail': 'CERTIFICATE_UNTRUSTED',
  'intoto-expired-certificate_fail': 'CERTIFICATE_UNTRUSTED',
  'intoto-log-entry-mismatch_fail': 'ENTRY_MALFORMED',
  'intoto-missing-inclusion-proof_fail': 'FIELD_MISSING',
  'intoto-set-outside-signing-cert-validity_fail': 'CERTIFICATE_UNTRUSTED',
  'intoto-tsa-timestamp-outside-cert-validity_fail': 'CERTIFICATE_UNTRUSTED',
  'invalid-checkpoint-signature_fail': 'CHECKPOINT_UNTRUSTED',
  'invalid-ct-key_fail': 'CERTIFICATE_UNTRUSTED',
  'invalid-inclusion-proof_fail': 'FIELD_MISSING',
  'managed-key-no-key_fail': 'SIGNER_MISMATCH',
  // Its key was edited by hand, into what is no base64 of anything.
  'managed-key-wrong-key_fail': 'BASE64_MALFORMED',
  'message-digest-mismatch_fail': 'ARTIFACT_MISMATCH',
  'rekor2-checkpoint-missing-log-signature_fail': 'NOTE_MALFORMED',
  'rekor2-checkpoint-missing-origin_fail': 'CHECKPOINT_MALFORMED',
  'rekor2-checkpoint-missing-root-hash_fail': 'CHECKPOINT_MALFORMED',
  'rekor2-checkpoint-missing-size_fail': 'CHECKPOINT_MALFORMED',
  'rekor2-checkpoint-no-matching-signature_fail': 'CHECKPOINT_UNTRUSTED',
  'rekor2-dsse-invalid-sig_fail': 'SIGNATURE_INVALID',
  'rekor2-dsse-mismatch-envelope_fail': 'ENTRY_MISMATCH',
  'rekor2-dsse-mismatch-sig_fail': 'ENTRY_MISMATCH',
  'rekor2-no-inclusion-proof_fail': 'FIELD_MISSING',
  'rekor2-no-timestamp_fail': 'TIME_MISSING',
  'rekor2-timestamp-outside-trust-root-tsa-validity_fail': 'TIMESTAMP_INVALID',
  'rekor2-timestamp-outside-tsa-cert-validity_fail': 'TIMESTAMP_INVALID',
  'rekor2-timestamp-payload-mismatch_fail': 'TIMESTAMP_INVALID',
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': 'TIME_MISSING',
  'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail': 'TIME_MISSING',
  // Its timestamp is base64 in lines, which no other field may be; bundle.test.ts has the case in one line.
  'rekor2-timestamp-with-incorrect-time_fail': 'FIELD_INVALID',
  'set-invalid-signature_fail': 'PROMISE_INVALID',
  'signature-mismatch_fail': 'SIGNATURE_INVALID',
  'trust-root-tlog-missing-validity-start_fail': 'FIELD_MISSING',
  'wrong-hashedrekord-artifact_fail': 'ENTRY_MISMATCH',
  'wrong-hashedrekord-cert-and-sig_fail': 'ENTRY_MISMATCH',
  'wrong-hashedrekord-entry_fail': 'ENTRY_MISMATCH',
  'wrong-material_fail': 'ARTIFACT_MISMATCH',
}

async function verdict({ bundle, trust }: Case, artifact: Artifact): Promise<string> {
  try {
    await verifyBundle(bundle(), artifact, trust())
    return 'verified'
  } catch (error) {
    if (error instanceof TlogError) return error.code
    throw error
  }
}

t.test('the suite is there, whole', async (t) => {
  t.equal(CASE_NAMES.length, 70)
  t.same(
    CASE_NAMES.filter((name) => name.endsWith('_fail')),
    Object.keys(REFUSED).sort(),
  )
})

t.test('by file', async (t) => {
  for (const name of CASE_NAMES) {
    const given = readCase(name)
    const artifact: Artifact = new Map([['SHA2_256', new Uint8Array(hash('sha256', given.artifact, 'buffer'))]])
    t.equal(await verdict(given, artifact), REFUSED[name] ?? 'verified', name)
  }
})

t.test('by digest', async (t) => {
  for (const name of CASE_NAMES) {
    const given = readCase(name)
    const artifact: Artifact = new Map([['SHA2_256', parseHex(hash('sha256', given.artifact, 'hex'))]])
    t.equal(await verdict(given, artifact), REFUSED[name] ?? 'verified', name)
  }
})
