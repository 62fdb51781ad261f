/** From what came and what is trusted to an outcome. The verifier's own words, sorted into yes, no and open. */

import type { DigestName } from '../../crypto/algorithms.ts'
import type { Policy } from '../../formats/c2sp/policy.ts'
import { TlogError } from '../../kernel/error.ts'
import {
  type Abilities,
  type Artifact,
  type Bundle,
  digestsOf,
  NO_WITNESSES,
  type ProvenEntry,
  parsePem,
  parsePolicy,
  parseSigstoreBundle,
  parseSpki,
  parseTrustedRoot,
  type Trust,
  type TrustedSigner,
  type Undetermined,
  type Verdict,
  verifyAllButCertificate,
  verifyBundle,
  verifyTlogProof,
} from '../../verify/index.ts'

/** As the reader stated it. */
export interface Stated {
  readonly signer: { readonly pem: string } | { readonly name: string; readonly issuer: string }
  readonly root: Uint8Array
  /** Empty: no policy. */
  readonly policy: Uint8Array
}

/** What is asked of the file, which may be larger than memory. */
export interface ReadFile {
  digests(names: ReadonlySet<DigestName>): Promise<Artifact>
  /** All of it. @throws TlogError ENTRY_TOO_LARGE */
  whole(): Promise<Uint8Array>
}

export type Outcome =
  | { readonly kind: 'signed'; readonly verdict: Verdict }
  | { readonly kind: 'proven'; readonly proven: ProvenEntry; readonly policy: Policy }
  | { readonly kind: 'certificate'; readonly found: Undetermined }
  | { readonly kind: 'refused'; readonly error: TlogError }
  /** Nothing was decided: what is trusted could not be read, or a check is not possible here. */
  | { readonly kind: 'open'; readonly error: TlogError }

/** The trust is read first: a large file is not hashed for a key that is none. */
export async function judgeBundle(
  bytes: Uint8Array,
  stated: Stated,
  file: ReadFile,
  abilities: Abilities,
): Promise<Outcome> {
  const trust = read(() => readTrust(stated, abilities))
  if (trust instanceof TlogError) return { kind: 'open', error: trust }
  return settled(async () => {
    const bundle = parseSigstoreBundle(bytes)
    return await verify(bundle, await file.digests(digestsOf(bundle, trust.signer)), trust)
  })
}

/** The file is the entry itself. */
export async function judgeProof(
  bytes: Uint8Array,
  policyBytes: Uint8Array,
  file: ReadFile,
  abilities: Abilities,
): Promise<Outcome> {
  const policy = read(() => parsePolicy(policyBytes))
  if (policy instanceof TlogError) return { kind: 'open', error: policy }
  return settled(async () => {
    const proven = await verifyTlogProof(bytes, await file.whole(), policy, abilities.mlDsa44)
    return { kind: 'proven', proven, policy }
  })
}

async function verify(bundle: Bundle, artifact: Artifact, trust: Trust): Promise<Outcome> {
  if (trust.signer.kind === 'key') return { kind: 'signed', verdict: await verifyBundle(bundle, artifact, trust) }
  return { kind: 'certificate', found: await verifyAllButCertificate(bundle, artifact, trust) }
}

function readTrust({ signer, root, policy }: Stated, abilities: Abilities): Trust {
  return {
    signer: readSigner(signer),
    root: parseTrustedRoot(root),
    policy: policy.length === 0 ? NO_WITNESSES : parsePolicy(policy),
    abilities,
  }
}

function readSigner(signer: Stated['signer']): TrustedSigner {
  if ('name' in signer) return { kind: 'identity', ...signer }
  const [der, second] = parsePem(signer.pem, 'PUBLIC KEY')
  if (der === undefined || second !== undefined) throw new TlogError('KEY_MALFORMED', 'not one public key')
  return { kind: 'key', key: parseSpki(der) }
}

function read<T>(parse: () => T): T | TlogError {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TlogError) return error
    throw error
  }
}

async function settled(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return { kind: error.code === 'CHECK_UNAVAILABLE' ? 'open' : 'refused', error }
  }
}
