/** Runs the check that was asked for. Returns what was shown, or throws what was not. */

import { access } from 'node:fs/promises'
import { algorithmForKey } from '../../crypto/algorithms.ts'
import type { ModelFindings } from '../../files/compare-model.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { readSlotLines } from '../../formats/model/slot-lines.ts'
import { type Bundle, parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { OMS_PREDICATE_TYPE, parseStatement, STATEMENT_TYPE } from '../../formats/sigstore/statement.ts'
import { hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { digestsOf, verifyBundle } from '../../verify/bundle.ts'
import { NO_WITNESSES } from '../../verify/checkpoint.ts'
import { verifyProvenFile } from '../../verify/proven-file.ts'
import { verifyProofOf } from '../../verify/tlog-proof.ts'
import type { Trust } from '../../verify/trust.ts'
import type { Verdict, VerdictInclusion } from '../../verify/verdict.ts'
import { nodeAbilities } from '../../verify-node/abilities.ts'
import type { World } from '../world.ts'
import { BUNDLE_MAX_BYTES } from './claim.ts'
import type { Evidence } from './evidence.ts'
import type { Lookup } from './log.ts'
import type { Request } from './request.ts'
import { digestOf } from './subject.ts'

export interface Shown {
  readonly verdict: Verdict
  /** Of the proof file beside a bundle: the same entry in a tree of its own. */
  readonly proof: VerdictInclusion | null
  /** The paths of a directory. What was signed is the list of them: whether they are as listed is to be looked at. */
  readonly directory: ModelFindings | null
  /** What a log that was asked showed. */
  readonly lookup: Lookup | null
}

const NOTHING = { proof: null, directory: null, lookup: null } as const

const PROOF_MAX_BYTES = 1024 * 1024
const ENTRY_MAX_BYTES = 65_535

/** @throws TlogError as the verifier does, NOT_FOUND when there is nothing to verify by; or the system's error */
export async function check(request: Request, world: World): Promise<Shown> {
  const { evidence, subject } = request
  if (evidence.kind === 'bundle') return await checkBundle(request, evidence, world)
  if (evidence.kind === 'slot') return await checkSlot(request, world)
  if (evidence.kind === 'proof') return await checkProof(request, evidence, world)
  if (evidence.kind === 'log') {
    const { checkLog } = await import('./log.ts')
    return { ...NOTHING, ...(await checkLog(subject, { url: evidence.url, trust: trustOf(request) }, world)) }
  }
  if (subject.kind !== 'digest') await access(subject.path) // a file that is not there has nothing beside it either
  throw new TlogError('NOT_FOUND', `nothing to verify it by: there is no ${evidence.looked.join(', no ')}`)
}

async function checkBundle(
  request: Request,
  { bundle: path, proof }: Extract<Evidence, { kind: 'bundle' }>,
  world: World,
): Promise<Shown> {
  const { subject } = request
  const isDirectory = subject.kind === 'directory'
  const bundle = await readBundle(path, isDirectory ? await modelBundleParser() : parseSigstoreBundle)
  const trust = trustOf(request)
  const shown = async (verdict: Verdict, directory: ModelFindings | null) => ({
    ...NOTHING,
    verdict,
    proof: proof === null ? null : await checkBeside(bundle, proof, trust),
    directory,
  })
  if (isDirectory || (subject.kind === 'file' && isAboutModel(bundle))) {
    const { checkDirectory } = await import('./directory.ts')
    const { verdict, findings } = await checkDirectory({ bundle, path, trust }, subject.path, world)
    return await shown(verdict, findings)
  }
  const artifact = await digestOf(subject, digestsOf(bundle, trust.signer), world)
  return await shown(await verifyBundle(bundle, artifact, trust), null)
}

/** What lies inside the file, as if it lay beside what the file is without it. */
async function checkSlot(request: Request, world: World): Promise<Shown> {
  const { subject, slot } = request
  const { bundle: text = null, proof = null } = (slot && readSlotLines(slot.payload)) ?? {}
  if (text === null) throw new Error('the slot has no bundle')
  const bundle = parseSigstoreBundle(text)
  const trust = trustOf(request)
  const artifact = await digestOf(subject, digestsOf(bundle, trust.signer), world)
  const verdict = await verifyBundle(bundle, artifact, trust)
  return { ...NOTHING, verdict, proof: proof === null ? null : await checkProofOf(bundle, proof, trust) }
}

async function modelBundleParser(): Promise<typeof parseSigstoreBundle> {
  return (await import('../../formats/model/oms-bundle.ts')).parseModelBundle
}

/** A model may be one file. What cannot be read is for the verifier to refuse. */
function isAboutModel({ content }: Bundle): boolean {
  if (content.kind !== 'envelope' || content.payloadType !== STATEMENT_TYPE) return false
  try {
    return parseStatement(content.payload).predicateType === OMS_PREDICATE_TYPE
  } catch {
    return false
  }
}

/** Of several files that were named it says which one is wrong. */
async function readBundle(path: string, parse: (file: Uint8Array) => Bundle): Promise<Bundle> {
  const bytes = await readBounded(path, BUNDLE_MAX_BYTES)
  try {
    return parse(bytes)
  } catch (error) {
    if (error instanceof TlogError) throw new TlogError(error.code, `${path}: ${error.message}`, { cause: error })
    throw error
  }
}

async function checkBeside(bundle: Bundle, path: string, trust: Trust): Promise<VerdictInclusion> {
  return await checkProofOf(bundle, await readBounded(path, PROOF_MAX_BYTES), trust)
}

async function checkProofOf(bundle: Bundle, file: Uint8Array, { policy, abilities }: Trust): Promise<VerdictInclusion> {
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
  return { ...NOTHING, verdict: await verifyProvenFile({ proof, entry }, artifact, trust) }
}

function trustOf({ signer, root, policy }: Request): Trust {
  if (root === null) throw new Error('the request has no trusted root')
  return { signer, root, policy: policy ?? NO_WITNESSES, abilities: nodeAbilities }
}
