/** `verify --unlogged`: a model's directory by a signature that is in no log, which is asked for and never fallen back on. */

import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseSmallFile } from '../../config/files.ts'
import { type Flags, parseFlags } from '../../config/flags.ts'
import { Problems } from '../../config/problems.ts'
import type { ModelFindings } from '../../files/compare-model.ts'
import { readBounded } from '../../files/read-bounded.ts'
import { parseModelBundle } from '../../formats/model/oms-bundle.ts'
import { parsePem } from '../../formats/pki/pem.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type UnloggedSigner, type UnloggedVerdict, verifyUnlogged } from '../../verify/unlogged.ts'
import { verifyPath } from '../../verify-node/abilities.ts'
import type { World } from '../world.ts'
import { BUNDLE_MAX_BYTES } from './claim.ts'
import { compareWith, manifestOf, requireKind } from './directory.ts'
import { beside, type Evidence } from './evidence.ts'
import { runDirectoryOf } from './limits.ts'
import { readKey } from './request.ts'
import { parseSubject, type Subject } from './subject.ts'

export interface UnloggedRequest {
  /** A directory, or the one file that the model is. */
  readonly subject: Exclude<Subject, { kind: 'digest' }>
  readonly evidence: Extract<Evidence, { kind: 'bundle' | 'none' }>
  readonly signer: UnloggedSigner
  /** Where the file would be started; null: nobody asked. */
  readonly runDirectory: string | null
  readonly json: boolean
}

const FLAGS = ['bundle', 'key', 'certificate-identity', 'certificate-root', 'run-dir']
const ROOTS_MAX_BYTES = 1024 * 1024
const MAX_ROOTS = 64

/** @throws TlogError CONFIG_INVALID */
export function parseUnlogged(argv: readonly string[]): UnloggedRequest {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, FLAGS, ['json', 'unlogged'], problems)
  const subject = problems.take('', null, () => parseSubject(words))
  if (subject?.kind === 'digest') problems.note('--unlogged', 'is for a model: a directory, or a file')
  const signer = signerOf(flags, problems)
  const runDirectory = runDirectoryOf(flags, subject, problems)
  problems.check()
  return {
    subject: subject as UnloggedRequest['subject'],
    evidence: evidenceOf(subject as Subject, flags),
    signer: signer as UnloggedSigner,
    runDirectory,
    json: on.has('json'),
  }
}

export interface ShownUnlogged {
  readonly unlogged: UnloggedVerdict
  readonly directory: ModelFindings
}

/** Nothing is read of the directory before the signature has been verified. @throws TlogError as verifyUnlogged and compareModel do */
export async function checkUnlogged(request: UnloggedRequest, world: World): Promise<ShownUnlogged> {
  const { evidence, subject } = request
  if (evidence.kind === 'none') {
    await access(subject.path)
    throw new TlogError('NOT_FOUND', `nothing to verify it by: there is no ${evidence.looked.join(', no ')}`)
  }
  const bundle = parseModelBundle(await readBounded(evidence.bundle, BUNDLE_MAX_BYTES))
  const { manifest, root } = manifestOf(bundle)
  requireKind(manifest, subject.path)
  const trust = {
    signer: request.signer,
    time: world.clock.now(),
    verifyPath,
  }
  const unlogged = await verifyUnlogged(bundle, root, trust)
  return { unlogged, directory: await compareWith(manifest, evidence.bundle, subject.path, world) }
}

function evidenceOf(subject: Subject, { bundle }: Flags): UnloggedRequest['evidence'] {
  const { bundle: found, looked } = bundle === undefined ? beside(subject) : { bundle, looked: [] }
  if (found !== undefined) return { kind: 'bundle', bundle: found, proof: null }
  return { kind: 'none', looked: looked.filter((path) => !path.endsWith('.tlog-proof')) }
}

/** @returns null when there is a problem */
function signerOf(flags: Flags, problems: Problems): UnloggedSigner | null {
  const { key, 'certificate-identity': name, 'certificate-root': path } = flags
  if (key !== undefined && (name !== undefined || path !== undefined))
    problems.note('--key', 'not together with a certificate: one of the two signed')
  if (key !== undefined) return problems.take('--key', null, () => readKey(key))
  if (name !== undefined && path !== undefined) {
    const roots = problems.take('--certificate-root', null, () => readRoots(path))
    return roots === null ? null : { kind: 'certificate', name, roots }
  }
  if (name !== undefined) problems.note('--certificate-identity', 'needs --certificate-root: who vouched for it')
  else if (path !== undefined) problems.note('--certificate-root', 'needs --certificate-identity: who signed')
  else
    problems.note(
      '',
      'say who must have signed: --key FILE, or --certificate-identity NAME with --certificate-root FILE',
    )
  return null
}

function readRoots(path: string): readonly Uint8Array[] {
  return parseSmallFile(resolve(path), ROOTS_MAX_BYTES, (bytes) => {
    const roots = parsePem(parseUtf8(bytes), 'CERTIFICATE')
    if (roots.length === 0 || roots.length > MAX_ROOTS) throw new Error(`from 1 to ${MAX_ROOTS} certificates`)
    return roots
  })
}
