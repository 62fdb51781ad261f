/** What `verify` is asked: about what, by which evidence, trusting whom. Everything that is wrong is said at once. */

import { resolve } from 'node:path'
import { CLIENT_VARIABLES } from '../../config/client-variables.ts'
import { parseSmallFile } from '../../config/files.ts'
import { type Flags, parseFlags } from '../../config/flags.ts'
import { Problems } from '../../config/problems.ts'
import { slotOf } from '../../files/slot-file.ts'
import type { Policy } from '../../formats/c2sp/policy.ts'
import type { Slot } from '../../formats/model/slot.ts'
import { parsePem } from '../../formats/pki/pem.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import type { TrustedRoot } from '../../formats/sigstore/trusted-root.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import type { TrustedSigner } from '../../verify/trust.ts'
import { readTrust } from '../stated-trust.ts'
import type { World } from '../world.ts'
import { claimOf } from './claim.ts'
import { type Evidence, evidenceInside, evidenceOf } from './evidence.ts'
import { runDirectoryOf } from './limits.ts'
import { parseSubject, type Subject } from './subject.ts'

const KEY_MAX_BYTES = 64 * 1024

export interface Request {
  readonly subject: Subject
  readonly evidence: Evidence
  /** In the file, which is verified without it. */
  readonly slot: Slot | null
  readonly signer: TrustedSigner
  /** Null where a proof file alone is verified. */
  readonly root: TrustedRoot | null
  /** Null: nobody named one. */
  readonly policy: Policy | null
  /** Where the file would be started; null: nobody asked. */
  readonly runDirectory: string | null
  readonly json: boolean
}

const FLAGS = [
  ...['bundle', 'proof', 'entry', 'log'],
  ...['key', 'certificate-identity', 'certificate-oidc-issuer'],
  ...['trusted-root', 'policy', 'run-dir'],
]

/** @throws TlogError CONFIG_INVALID */
export async function parseRequest(argv: readonly string[], { env }: Pick<World, 'env'>): Promise<Request> {
  const problems = new Problems()
  const { flags, on, words } = parseFlags(argv, FLAGS, ['json'], problems)
  const nothing: Subject = { kind: 'file', path: '', name: '' }
  const subject = problems.take('', nothing, () => parseSubject(words))
  const slot = await slotInside(subject)
  const evidence = subject === nothing ? null : evidenceInside(evidenceOf(subject, flags, problems), slot)
  const signer = signerOf(flags, evidence, problems)
  const { root, policy } = await readTrust(flags, env, problems)
  if (evidence !== null) noteMissing(evidence, { signer, root, policy }, problems)
  const runDirectory = runDirectoryOf(flags, subject, problems)
  problems.check()
  // A null is a problem that was noted, and no request is made of it.
  return {
    subject,
    evidence: evidence as Evidence,
    slot,
    signer: signer as TrustedSigner,
    root,
    policy,
    runDirectory,
    json: on.has('json'),
  }
}

/** Of a file that cannot be read there is none; whoever reads it next says why. */
async function slotInside(subject: Subject): Promise<Slot | null> {
  if (subject.kind !== 'file' || subject.path === '') return null
  return await slotOf(subject.path).catch(() => null)
}

type Stated = { readonly [K in 'signer' | 'root' | 'policy']: Request[K] | null }

function noteMissing(evidence: Evidence, { signer, root, policy }: Stated, problems: Problems): void {
  const isProof = evidence.kind === 'proof'
  if (!isProof && root === null)
    problems.note(
      '--trusted-root',
      `missing: the logs and authorities that you trust (or set ${CLIENT_VARIABLES.root})`,
    )
  const hasProof = evidence.kind === 'bundle' ? evidence.proof !== null : evidence.kind === 'slot' && evidence.hasProof
  if ((isProof || hasProof) && policy === null)
    problems.note('--policy', `missing: it names the log of the proof file (or set ${CLIENT_VARIABLES.policy})`)
  if (isProof && signer?.kind === 'identity')
    problems.note('--proof', 'takes --key: a proof file has no time, at which a certificate could be judged')
}

/** @returns null when there is no signer, and a problem. */
export function signerOf(flags: Flags, evidence: Evidence | null, problems: Problems): TrustedSigner | null {
  const { key, 'certificate-identity': name, 'certificate-oidc-issuer': issuer } = flags
  if (key !== undefined && (name !== undefined || issuer !== undefined))
    problems.note('--key', 'not together with the identity of a certificate: one of the two signed')
  if (key !== undefined) return problems.take('--key', null, () => readKey(key))
  if (name !== undefined && issuer !== undefined) return { kind: 'identity', name, issuer }
  if (name !== undefined) problems.note('--certificate-identity', 'needs --certificate-oidc-issuer: who vouched for it')
  else if (issuer !== undefined) problems.note('--certificate-oidc-issuer', 'needs --certificate-identity: who signed')
  else problems.note('', [WHO, ...(evidence?.kind === 'bundle' ? claimOf(evidence.bundle) : [])].join('\n'))
  return null
}

const WHO =
  'say who must have signed: --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL; with neither, the signature of anybody would do'

/** @throws Error unless the file is one public key in PEM */
export function readKey(path: string): Extract<TrustedSigner, { kind: 'key' }> {
  return parseSmallFile(resolve(path), KEY_MAX_BYTES, (bytes) => {
    const [der, second] = parsePem(parseUtf8(bytes), 'PUBLIC KEY')
    if (der === undefined || second !== undefined) throw new Error('not one public key')
    return { kind: 'key', key: parseSpki(der) }
  })
}
