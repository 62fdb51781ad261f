/** A file's signature in a log, shown by a proof file and the entry that it is about; no bundle, so no time. */

import type { Policy } from '../formats/c2sp/policy.ts'
import { KEY_TYPE, logId } from '../formats/c2sp/vkey.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Artifact } from './artifact.ts'
import { requireLogged } from './logged-body.ts'
import { loggedSignature } from './logged-signature.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { signedContent, verifySignature } from './signed-content.ts'
import { describeSigner } from './signer.ts'
import { type ProvenEntry, verifyTlogProof } from './tlog-proof.ts'
import type { Gap, Verdict, VerdictEntry } from './verdict.ts'
import { type Verified, verified } from './verified.ts'

export interface ProofTrust {
  readonly key: PublicKey
  /** Names the log. */
  readonly policy: Policy
  readonly mlDsa44: VerifyMlDsa44 | null
}

export interface ProofFiles {
  /** A proof file (c2sp.org/tlog-proof). */
  readonly proof: Uint8Array
  /** The leaf's own bytes, from the caller: the proof file does not hold them. */
  readonly entry: Uint8Array
}

/**
 * The key signed this file, and a log of the policy has the signature in a tree that the quorum cosigned. Keys alone: a
 * proof file has no time at which a certificate could be judged.
 *
 * @throws TlogError ENTRY_MALFORMED, ENTRY_MISMATCH, SIGNER_MISMATCH, TIME_MISSING for an entry with a certificate,
 *   ARTIFACT_MISMATCH, SIGNATURE_INVALID, CHECK_UNAVAILABLE also for an entry that holds no signature over a file, or as verifyTlogProof does
 */
export async function verifyProvenFile(
  { proof, entry }: ProofFiles,
  artifact: Artifact,
  { key, policy, mlDsa44 }: ProofTrust,
): Promise<Verified<Verdict>> {
  const { kind, version, content, verifier } = loggedSignature(entry)
  if (verifier.kind === 'x509Certificate')
    throw new TlogError('TIME_MISSING', 'a certificate signed, and a proof file does not say when')
  if (!equal(parseSpki(verifier.rawBytes).der, key.der))
    throw new TlogError('SIGNER_MISMATCH', 'another key signed than the one that was named')
  const signed = signedContent(content, key, verifier, artifact)
  requireLogged({ kind, version, body: entry, integratedTime: 0, promise: null }, signed)
  await verifySignature(signed, false)
  const proven = await verifyTlogProof(proof, entry, policy, mlDsa44)
  const { algorithm, digest } = signed
  return verified({
    artifact: { algorithm: algorithm.digest, digest: hex(digest) },
    signed: { kind: 'file' },
    signer: describeSigner({ kind: 'key', key, verifier }, algorithm.keyDetails, []),
    entries: [describeProven(proven, `${kind} ${version}`, policy)],
    times: [],
    notCovered: ['time', ...(policy.quorum === null ? (['witnesses'] as const) : []), 'key owner'] satisfies Gap[],
  })
}

function describeProven({ leaf, index, checkpoint }: ProvenEntry, kind: string, { logs }: Policy): VerdictEntry {
  const { origin, size, root, cosigners } = checkpoint
  const listed = logs.filter(({ vkey }) => vkey.name === origin)
  const key = listed.find(({ vkey }) => vkey.type === KEY_TYPE.ed25519)?.vkey.publicKey
  return {
    log: {
      url: listed.find(({ url }) => url !== undefined)?.url ?? '',
      id: key === undefined ? '' : hex(logId(origin, key)),
    },
    kind,
    leaf: hex(leaf),
    index,
    inclusion: { origin, index, size, root: hex(root), cosigners },
  }
}
