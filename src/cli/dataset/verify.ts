/** `dataset verify`: whether a proof holds for a dataset that somebody signed, or whose root is known. Offline. */

import { parseSmallFile } from '../../config/files.ts'
import type { Flags } from '../../config/flags.ts'
import { Problems } from '../../config/problems.ts'
import { parseFlags } from '../../config.ts'
import { type DatasetProof, MAX_DATASET_PROOF, parseDatasetProof } from '../../formats/custody/dataset-proof.ts'
import { parseDigest } from '../../formats/custody/digests.ts'
import { parseProvenance } from '../../formats/custody/provenance.ts'
import { located } from '../../formats/located.ts'
import { type Bundle, parseSigstoreBundle } from '../../formats/sigstore/bundle.ts'
import { safeJson } from '../../formats/visible.ts'
import { type Hash, hash, treeSize } from '../../kernel/brand.ts'
import { parseDecimal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { verifyBundle } from '../../verify/bundle.ts'
import { NO_WITNESSES } from '../../verify/checkpoint.ts'
import { type DatasetRoots, verifyDatasetProof } from '../../verify/dataset.ts'
import type { Trust } from '../../verify/trust.ts'
import type { Verdict } from '../../verify/verdict.ts'
import { nodeAbilities } from '../../verify-node/abilities.ts'
import { readTrust } from '../stated-trust.ts'
import { BUNDLE_MAX_BYTES } from '../verify/claim.ts'
import { signerOf } from '../verify/request.ts'
import type { ExitCode, World } from '../world.ts'
import { type Document, digestOfDocument, parseDocument } from './document.ts'
import { shownJson, shownText } from './prove.ts'

const FLAGS = [
  'root',
  'size',
  'bundle',
  'key',
  'certificate-identity',
  'certificate-oidc-issuer',
  'trusted-root',
  'policy',
]

interface Request {
  readonly proof: DatasetProof
  readonly document: Document
  readonly against: { readonly roots: DatasetRoots } | { readonly bundle: Bundle; readonly trust: Trust }
  readonly json: boolean
}

/** @throws TlogError CONFIG_INVALID; the system's error when the document cannot be read */
export async function verify(argv: readonly string[], world: World): Promise<ExitCode> {
  const request = await parseRequest(argv, world)
  const { proof, document, against, json } = request
  const sha256 = await digestOfDocument(document, world)
  try {
    const { roots, verdict } = 'roots' in against ? { roots: against.roots, verdict: null } : await rootsOf(against)
    verifyDatasetProof(proof, sha256, roots)
    const shown = { outcome: 'verified', ...shownJson(proof), statement: verdict }
    world.print(json ? `${safeJson(shown)}\n` : `VERIFIED  ${shownText(document.name, proof)}\n${whose(verdict)}`)
    return 0
  } catch (error) {
    if (!(error instanceof TlogError) || error.code === 'CHECK_UNAVAILABLE') throw error
    if (json) world.print(`${safeJson({ outcome: 'refused', code: error.code, message: error.message })}\n`)
    else world.print(`NOT VERIFIED  ${error.code}: ${error.message}\n`)
    return 1
  }
}

function whose(verdict: Verdict | null): string {
  return verdict === null
    ? '  for the root that you gave: who states it, is yours to know\n'
    : '  for the dataset of the statement, whose signature and log entry hold\n'
}

/** What a statement that holds says of one dataset. */
async function rootsOf({ bundle, trust }: { readonly bundle: Bundle; readonly trust: Trust }) {
  if (bundle.content.kind !== 'envelope') throw new TlogError('ARTIFACT_MISMATCH', 'the bundle holds no statement')
  const { step, subjects } = located('ARTIFACT_MISMATCH', 'the statement', () => parseProvenance(payloadOf(bundle)))
  const file = subjects.find(({ digests }) => digests?.has('sha256'))?.digests?.get('sha256')
  const [tree, second] = subjects.filter(({ digests }) => digests?.has('rfc6962_sha256'))
  const size = tree?.annotations?.treeSize
  if (
    step !== 'dataset-snapshot' ||
    file === undefined ||
    tree === undefined ||
    second !== undefined ||
    size === undefined
  )
    throw new TlogError('ARTIFACT_MISMATCH', 'the statement is no snapshot of one dataset, with its manifest and tree')
  const verdict = await verifyBundle(bundle, new Map([['SHA2_256', file]]), trust)
  const rootOf = (digest: Uint8Array | undefined): Hash | null => (digest === undefined ? null : hash(digest))
  const roots: DatasetRoots = {
    size,
    byPath: rootOf(tree.digests?.get('rfc6962_sha256')),
    byDigest: rootOf(tree.digests?.get('rfc6962_sha256_sorted')),
  }
  return { roots, verdict }
}

function payloadOf({ content }: Bundle): Uint8Array {
  return content.kind === 'envelope' ? content.payload : new Uint8Array()
}

async function parseRequest(argv: readonly string[], { env }: Pick<World, 'env'>): Promise<Request> {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, FLAGS, ['json'], problems)
  const [path = '', word, third] = words
  if (path === '' || third !== undefined) problems.note('', 'verify takes a PROOF, and a FILE or sha256:HEX')
  const document = problems.take('', null, () => parseDocument(word))
  const proof = problems.take('', null, () => parseSmallFile(path, MAX_DATASET_PROOF, parseDatasetProof))
  const against = flags.root === undefined ? await statedOf(flags, env, problems) : knownOf(flags, problems)
  problems.check()
  if (document === null || proof === null || against === null) throw new Error('a problem that was not noted')
  return { proof, document, against, json: on.has('json') }
}

function knownOf({ root = '', size = '', ...flags }: Flags, problems: Problems): { roots: DatasetRoots } | null {
  for (const name of FLAGS.slice(2))
    if (flags[name] !== undefined) problems.note(`--${name}`, 'not together with --root')
  const [name = '', digits = ''] = root.split(':', 2)
  const digest = problems.take('--root', null, () => parseDigest(name, digits))
  const documents = problems.take('--size', null, () => treeSize(parseDecimal(size)))
  if (digest === null || documents === null) return null
  const [algorithm, bytes] = digest
  if (algorithm !== 'rfc6962_sha256' && algorithm !== 'rfc6962_sha256_sorted') {
    problems.note('--root', 'rfc6962_sha256 or rfc6962_sha256_sorted was expected')
    return null
  }
  const isByPath = algorithm === 'rfc6962_sha256'
  return { roots: { size: documents, byPath: isByPath ? hash(bytes) : null, byDigest: isByPath ? null : hash(bytes) } }
}

async function statedOf(flags: Flags, env: World['env'], problems: Problems) {
  if (flags.size !== undefined) problems.note('--size', 'goes with --root')
  if (flags.bundle === undefined) problems.note('--bundle', 'or --root says of which dataset')
  const path = flags.bundle ?? ''
  const bundle =
    path === ''
      ? null
      : problems.take('--bundle', null, () => parseSmallFile(path, BUNDLE_MAX_BYTES, parseSigstoreBundle))
  const signer = signerOf(flags, null, problems)
  const { root, policy } = await readTrust(flags, env, problems)
  if (root === null) problems.note('--trusted-root', 'missing: the logs and authorities that you trust')
  if (bundle === null || signer === null || root === null) return null
  return { bundle, trust: { signer, root, policy: policy ?? NO_WITNESSES, abilities: nodeAbilities } }
}
