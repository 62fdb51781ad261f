/** A new bundle, checked before anyone sees it: as a verifier will, or at least as far as its own parts allow. */

import { parseCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { parseNote } from '../formats/c2sp/note.ts'
import type { Policy } from '../formats/c2sp/policy.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import type { TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import { equal, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { verifyInclusion } from '../kernel/proof.ts'
import type { Artifact } from '../verify/artifact.ts'
import { verifyBundle } from '../verify/bundle.ts'
import { isEnvelopeKind, requireLogged } from '../verify/logged-body.ts'
import type { Abilities } from '../verify/ports.ts'
import { signedContent, verifySignature } from '../verify/signed-content.ts'
import { requireNamed } from '../verify/signer.ts'
import type { TrustedSigner } from '../verify/trust.ts'
import type { Verdict } from '../verify/verdict.ts'

/** Whose word counts. */
export interface SigningTrust {
  readonly root: TrustedRoot
  readonly policy: Policy
}

export type Checked =
  | { readonly against: 'trusted root'; readonly verdict: Verdict }
  /** Without one: the signature is good, each entry is about it, and its proof leads to the root that the log states. */
  | { readonly against: 'itself'; readonly notChecked: readonly NotChecked[] }

export type NotChecked = "the log's signature" | 'the certificate' | 'the timestamps'

export interface Fresh {
  readonly bundle: Bundle
  readonly artifact: Artifact
  readonly signer: TrustedSigner
}

/** @throws TlogError as verifyBundle does; TIMESTAMP_INVALID when the root does not know an authority that was asked */
export async function checkFresh(fresh: Fresh, trust: SigningTrust | null, abilities: Abilities): Promise<Checked> {
  const { bundle, artifact, signer } = fresh
  if (trust === null) return await checkAlone(fresh)
  const verdict = await verifyBundle(bundle, artifact, { signer, ...trust, abilities })
  if (verdict.notCovered.includes('timestamps'))
    throw new TlogError('TIMESTAMP_INVALID', 'the trusted root does not know the authority that gave the timestamp')
  return { against: 'trusted root', verdict }
}

async function checkAlone({ bundle, artifact, signer }: Fresh): Promise<Checked> {
  const { key, verifier } = requireNamed(bundle.material, signer)
  const signed = signedContent(bundle.content, key, verifier, artifact)
  await verifySignature(signed, bundle.entries.every(isEnvelopeKind))
  for (const entry of bundle.entries) {
    requireLogged(entry, signed)
    requireProof(entry)
  }
  const open: readonly [NotChecked, boolean][] = [
    ["the log's signature", true],
    ['the certificate', bundle.material.kind === 'certificate'],
    ['the timestamps', bundle.timestamps.length > 0],
  ]
  return { against: 'itself', notChecked: open.filter(([, isOpen]) => isOpen).map(([what]) => what) }
}

function requireProof({ proof, body }: BundleEntry): void {
  if (proof === null || proof.checkpoint === null)
    throw new TlogError('PROOF_INVALID', 'the log answered without a proof under a checkpoint')
  verifyInclusion(leafHash(body), proof.index, proof, proof.path)
  const { size, root } = parseCheckpoint(parseNote(utf8(proof.checkpoint)).text)
  if (size !== proof.size || !equal(root, proof.root))
    throw new TlogError('CHECKPOINT_UNTRUSTED', `the checkpoint of ${size} is not that of the proof`)
}
