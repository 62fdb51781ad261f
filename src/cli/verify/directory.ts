/** A model's directory: the signature over the list of its files first, then each file against the list. */

import { statSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { compareModel, compareModelFile, type ModelFindings } from '../../files/compare-model.ts'
import { filesOf, type OmsManifest, omsRoot, parseOmsStatement } from '../../formats/model/oms.ts'
import type { Bundle } from '../../formats/sigstore/bundle.ts'
import { STATEMENT_TYPE } from '../../formats/sigstore/statement.ts'
import { TlogError } from '../../kernel/error.ts'
import { verifyBundle } from '../../verify/bundle.ts'
import type { Trust } from '../../verify/trust.ts'
import type { Verdict } from '../../verify/verdict.ts'
import type { World } from '../world.ts'
import { bytesBar } from './subject.ts'

interface Signed {
  readonly bundle: Bundle
  /** Of the bundle: inside the directory it is no part of the model. */
  readonly path: string
  readonly trust: Trust
}

/**
 * Nothing is read of the directory before the signature has been verified.
 * @throws TlogError as verifyBundle and compareModel do; ARTIFACT_MISMATCH for a bundle that is not about a directory
 */
export async function checkDirectory(
  { bundle, path, trust }: Signed,
  directory: string,
  world: World,
): Promise<{ readonly verdict: Verdict; readonly findings: ModelFindings }> {
  const { manifest, root } = manifestOf(bundle)
  requireKind(manifest, directory)
  if (bundle.entries.length === 0)
    throw new TlogError('LOG_NOT_TRUSTED', 'the bundle has no entry of any log; whoever wants it so says --unlogged')
  const verdict = await verifyBundle(bundle, new Map([['MODEL_ROOT', root]]), trust)
  return { verdict, findings: await compareWith(manifest, path, directory, world) }
}

/** What is signed as a directory is none as a file, even where the digests of its files make one. @throws TlogError ARTIFACT_MISMATCH */
export function requireKind(manifest: OmsManifest, model: string): void {
  if (filesOf(manifest).size > 1 && !statSync(model).isDirectory())
    throw new TlogError('ARTIFACT_MISMATCH', 'it is a statement about a directory')
}

/** What a bundle is over, not verified yet. @throws TlogError ARTIFACT_MISMATCH, and as parseOmsStatement does */
export function manifestOf({ content }: Bundle): { readonly manifest: OmsManifest; readonly root: Uint8Array } {
  if (content.kind !== 'envelope' || content.payloadType !== STATEMENT_TYPE)
    throw new TlogError('ARTIFACT_MISMATCH', 'the bundle is not about a directory: it holds no statement')
  const manifest = parseOmsStatement(content.payload)
  return { manifest, root: omsRoot(manifest.resources) }
}

/**
 * @param bundle its path: inside the directory it is no part of the model
 * @param directory or the one file that the model is
 */
export function compareWith(
  manifest: OmsManifest,
  bundle: string,
  directory: string,
  world: World,
): Promise<ModelFindings> {
  const bar = bytesBar(directory, world)
  return statSync(directory).isDirectory()
    ? compareModel(directory, manifest, inside(directory, bundle), bar)
    : compareModelFile(directory, manifest, bar)
}

/** The path from the directory, or null when it lies elsewhere. */
function inside(directory: string, path: string): string | null {
  const parts = relative(resolve(directory), resolve(path)).split(sep)
  return parts[0] === '..' || parts[0] === '' ? null : parts.join('/')
}
