/** A model's directory: the signature over the list of its files first, then each file against the list. */

import { relative, resolve, sep } from 'node:path'
import { compareModel, type ModelFindings } from '../../files/compare-model.ts'
import { omsRoot, parseOmsStatement } from '../../formats/model/oms.ts'
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
  const { content } = bundle
  if (content.kind !== 'envelope' || content.payloadType !== STATEMENT_TYPE)
    throw new TlogError('ARTIFACT_MISMATCH', 'the bundle is not about a directory: it holds no statement')
  const manifest = parseOmsStatement(content.payload)
  const verdict = await verifyBundle(bundle, new Map([['MODEL_ROOT', omsRoot(manifest.resources)]]), trust)
  const findings = await compareModel(directory, manifest, inside(directory, path), bytesBar(directory, world))
  return { verdict, findings }
}

/** The path from the directory, or null when it lies elsewhere. */
function inside(directory: string, path: string): string | null {
  const parts = relative(resolve(directory), resolve(path)).split(sep)
  return parts[0] === '..' || parts[0] === '' ? null : parts.join('/')
}
