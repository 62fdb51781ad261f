/** Runs the check that was asked for. Returns what was shown, or throws what was not. */

import { access } from 'node:fs/promises'
import type { DigestName } from '../../crypto/algorithms.ts'
import { algorithmForKey } from '../../crypto/algorithms.ts'
import { digestFile } from '../../files/digest-file.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { type Bundle, parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import type { Artifact } from '../../verify/artifact.ts'
import { digestsOf, verifyBundle } from '../../verify/bundle.ts'
import { NO_WITNESSES } from '../../verify/checkpoint.ts'
import { verifyProvenFile } from '../../verify/proven-file.ts'
import { verifyProofOf } from '../../verify/tlog-proof.ts'
import type { Trust } from '../../verify/trust.ts'
import type { Verdict } from '../../verify/verdict.ts'
import { nodeAbilities } from '../../verify-node/abilities.ts'
import { MEBIBYTES, progressBar } from '../progress.ts'
import type { World } from '../world.ts'
import { BUNDLE_MAX_BYTES } from './claim.ts'
import type { Evidence } from './evidence.ts'
import type { Request } from './request.ts'
import type { Subject } from './subject.ts'

export interface Shown {
  readonly verdict: Verdict
  /** Of the proof file beside a bundle: the same entry in a tree of its own. */
  readonly proof: Verdict['entries'][number]['inclusion']
}

const PROOF_MAX_BYTES = 1024 * 1024
const ENTRY_MAX_BYTES = 65_535
/** A smaller file is done before a bar is seen. */
const BAR_BYTES = 64 * 2 ** 20

/** @throws TlogError as the verifier does, NOT_FOUND when there is nothing to verify by; or the system's error */
export async function check(request: Request, world: World): Promise<Shown> {
  const { evidence, subject } = request
  if (evidence.kind === 'bundle') return await checkBundle(request, evidence, world)
  if (evidence.kind === 'proof') return await checkProof(request, evidence, world)
  if (subject.kind !== 'digest') await access(subject.path) // a file that is not there has nothing beside it either
  throw new TlogError('NOT_FOUND', `nothing to verify it by: there is no ${evidence.looked.join(', no ')}`)
}

async function checkBundle(
  request: Request,
  { bundle: path, proof }: Extract<Evidence, { kind: 'bundle' }>,
  world: World,
): Promise<Shown> {
  const bundle = parseSigstoreBundle(await readBounded(path, BUNDLE_MAX_BYTES))
  const trust = trustOf(request)
  const artifact = await digestOf(request.subject, digestsOf(bundle, trust.signer), world)
  const verdict = await verifyBundle(bundle, artifact, trust)
  return { verdict, proof: proof === null ? null : await checkBeside(bundle, proof, trust) }
}

async function checkBeside(bundle: Bundle, path: string, { policy, abilities }: Trust): Promise<Shown['proof']> {
  const file = await readBounded(path, PROOF_MAX_BYTES)
  const { index, checkpoint } = await verifyProofOf(bundle, file, policy, abilities.mlDsa44)
  const { origin, size, root, cosigners } = checkpoint
  return { origin, index, size, root: hex(root), cosigners }
}

async function checkProof(
  { subject, signer, policy }: Request,
  paths: Extract<Evidence, { kind: 'proof' }>,
  world: World,
): Promise<Shown> {
  if (signer.kind !== 'key' || policy === null) throw new Error('the request has neither key nor policy')
  const [proof, entry] = await Promise.all([
    readBounded(paths.proof, PROOF_MAX_BYTES),
    readBounded(paths.entry, ENTRY_MAX_BYTES),
  ])
  const artifact = await digestOf(subject, new Set([algorithmForKey(signer.key).digest]), world)
  const trust = { key: signer.key, policy, mlDsa44: nodeAbilities.mlDsa44 }
  return { verdict: await verifyProvenFile({ proof, entry }, artifact, trust), proof: null }
}

export function trustOf({ signer, root, policy }: Request): Trust {
  if (root === null) throw new Error('the request has no trusted root')
  return { signer, root, policy: policy ?? NO_WITNESSES, abilities: nodeAbilities }
}

/** @throws the system's error when the file cannot be read */
export async function digestOf(subject: Subject, names: ReadonlySet<DigestName>, world: World): Promise<Artifact> {
  if (subject.kind === 'digest') return new Map([[subject.algorithm, subject.digest]])
  const draw = progressBar(world, subject.name, MEBIBYTES)
  return await digestFile(subject.path, names, (done, total) => {
    if (total >= BAR_BYTES && done <= total) draw(done, total)
  })
}
