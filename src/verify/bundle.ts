/** Sigstore bundles, verified offline. */

import type { DigestName } from '../crypto/algorithms.ts'
import { algorithmForKey } from '../crypto/algorithms.ts'
import type { Bundle } from '../formats/sigstore/bundle.ts'
import type { TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { equal, hex } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { type Artifact, artifactDigest, requireSubject, shownName } from './artifact.ts'
import { isEnvelopeKind } from './logged-body.ts'
import { type LoggedEntry, requireBeforeEnd, verifyLogged } from './logged-entry.ts'
import type { CertificateChecks, OpenedTimestamp } from './ports.ts'
import { type SignedContent, signedContent, verifySignature } from './signed-content.ts'
import { describeSigner, type NamedSigner, requireNamed } from './signer.ts'
import type { Trust } from './trust.ts'
import type {
  EnvelopeVerdict,
  Gap,
  Undetermined,
  Verdict,
  VerdictEntry,
  VerdictSigned,
  VerdictTime,
} from './verdict.ts'
import { type Verified, verified } from './verified.ts'

/**
 * The signer named by `trust` signed this file, or a statement about it, and each entry of the bundle is in a log that
 * `trust` names, under a checkpoint that its policy accepts.
 *
 * @param bundle from parseSigstoreBundle
 * @param artifact the file's digests, computed by the caller from the file; see `digestsOf`
 * @throws TlogError saying which check failed on what: ARTIFACT_MISMATCH, SIGNER_MISMATCH, SIGNATURE_INVALID,
 *   LOG_NOT_TRUSTED, ENTRY_MISMATCH, PROMISE_INVALID, CHECKPOINT_UNTRUSTED, PROOF_INVALID, QUORUM_MISSED,
 *   TIMESTAMP_INVALID, TIME_MISSING, TIME_OUTSIDE, CERTIFICATE_UNTRUSTED, or the code of what could not be parsed.
 *   CHECK_UNAVAILABLE alone means that nothing was decided.
 */
export async function verifyBundle(bundle: Bundle, artifact: Artifact, trust: Trust): Promise<Verified<Verdict>> {
  const { certificates } = trust.abilities
  if (trust.signer.kind === 'identity' && certificates === null)
    throw new TlogError('CHECK_UNAVAILABLE', "a certificate's chain, SCT and time cannot be checked here")
  const found = await examine(bundle, artifact, trust)
  return verified({ ...found.about, ...describe(found, await verifyIdentity(found, trust.root, certificates)) })
}

/**
 * The same of an envelope by itself, whatever it is about: that is for the caller to read from what was signed.
 * @throws TlogError as `verifyBundle` does; CHECK_UNAVAILABLE for the signature of a file
 */
export async function verifyEnvelope(bundle: Bundle, trust: Trust): Promise<Verified<EnvelopeVerdict>> {
  const { certificates } = trust.abilities
  if (bundle.content.kind !== 'envelope') throw new TlogError('CHECK_UNAVAILABLE', 'not the signature of an envelope')
  if (trust.signer.kind === 'identity' && certificates === null)
    throw new TlogError('CHECK_UNAVAILABLE', "a certificate's chain, SCT and time cannot be checked here")
  const found = await examineSigned(bundle, NO_FILE, trust)
  return verified(describe(found, await verifyIdentity(found, trust.root, certificates)))
}

const NO_FILE: Artifact = new Map()

/**
 * All of `verifyBundle` but what is said of a certificate: its chain, its SCTs, its time. For platforms that cannot check
 * those. What comes back is no verdict: anyone can make a certificate that says anything.
 *
 * @throws TlogError as `verifyBundle` does, for what is checked
 */
export async function verifyAllButCertificate(bundle: Bundle, artifact: Artifact, trust: Trust): Promise<Undetermined> {
  const found = await examine(bundle, artifact, trust)
  return {
    outcome: 'undetermined',
    notChecked: ['certificate chain', 'certificate logs', 'certificate time'],
    claimed: { ...found.about, ...describe(found, []) },
  }
}

/** What could be found without believing a certificate. */
interface Found {
  readonly bundle: Bundle
  readonly trust: Trust
  readonly signer: NamedSigner
  readonly signed: SignedContent
  readonly entries: readonly LoggedEntry[]
  readonly stamps: readonly OpenedTimestamp[]
}

async function examine(bundle: Bundle, artifact: Artifact, trust: Trust): Promise<Found & { readonly about: About }> {
  const { key, verifier } = requireNamed(bundle.material, trust.signer)
  const about = describeSigned(signedContent(bundle.content, key, verifier, artifact), artifact)
  return { ...(await examineSigned(bundle, artifact, trust)), about }
}

/** @param artifact of an envelope it is not looked at */
async function examineSigned(bundle: Bundle, artifact: Artifact, trust: Trust): Promise<Found> {
  const signer = requireNamed(bundle.material, trust.signer)
  const signed = signedContent(bundle.content, signer.key, signer.verifier, artifact)
  await verifySignature(signed, bundle.entries.every(isEnvelopeKind))
  const entries = await verifyEntries(bundle, signed, trust)
  const stamps = await openTimestamps(bundle, trust)
  for (const { time } of stamps) for (const entry of entries) requireBeforeEnd(entry, time)
  return { bundle, trust, signer, signed, entries, stamps }
}

function describe(found: Found, certificateLogs: readonly Uint8Array[]): EnvelopeVerdict {
  const { signer, signed, entries, stamps } = found
  return {
    signer: describeSigner(signer, signed.algorithm.keyDetails, certificateLogs),
    entries: entries.map(describeEntry),
    times: [...entries.flatMap(promisedTime), ...stamps.map(stampedTime)],
    notCovered: gaps(found),
  }
}

/** The digests of the file that `verifyBundle` will ask for. @throws TlogError as `verifyBundle` for a signer it would refuse */
export function digestsOf(bundle: Bundle, signer: Trust['signer']): ReadonlySet<DigestName> {
  const { content, material } = bundle
  if (content.kind === 'envelope') return new Set<DigestName>(['SHA2_256'])
  const needed = new Set<DigestName>([algorithmForKey(requireNamed(material, signer).key).digest])
  return content.digest === null ? needed : needed.add(content.digest.algorithm)
}

interface About {
  readonly artifact: Verdict['artifact']
  readonly signed: VerdictSigned
}

function describeSigned({ content, algorithm, digest }: SignedContent, artifact: Artifact): About {
  if (content.kind === 'message')
    return { artifact: { algorithm: algorithm.digest, digest: hex(digest) }, signed: { kind: 'file' } }
  const { statement, subject, digestName } = requireSubject(content, artifact)
  return {
    artifact: { algorithm: shownName(digestName), digest: hex(artifactDigest(artifact, digestName)) },
    signed: { kind: 'statement', predicateType: statement.predicateType, subject },
  }
}

/** One after the other: their number is small, and the first fault is the one told. */
async function verifyEntries(bundle: Bundle, signed: SignedContent, trust: Trust): Promise<readonly LoggedEntry[]> {
  if (bundle.entries.length === 0) throw new TlogError('LOG_NOT_TRUSTED', 'the bundle has no entry of any log')
  const { root, policy, abilities } = trust
  const entries: LoggedEntry[] = []
  for (const entry of bundle.entries) {
    const logged = await verifyLogged(entry, signed, { root, policy, mlDsa44: abilities.mlDsa44 })
    if (entries.some((other) => isSame(other, logged)))
      throw new TlogError('ENTRY_MISMATCH', `the entry of ${logged.log.baseUrl} is there twice`)
    entries.push(logged)
  }
  return entries
}

function isSame(a: LoggedEntry, b: LoggedEntry): boolean {
  return equal(a.log.logId, b.log.logId) && equal(a.leaf, b.leaf)
}

/** Each must be good or a stranger's. Where they cannot be checked, no time is taken from them. */
async function openTimestamps({ timestamps, content }: Bundle, trust: Trust): Promise<readonly OpenedTimestamp[]> {
  const { abilities, root } = trust
  const opened: OpenedTimestamp[] = []
  if (abilities.certificates === null) return opened
  for (const response of timestamps) {
    const stamp = await abilities.certificates.openTimestamp(response, content.signature, root.timestampAuthorities)
    if (stamp !== null) opened.push(stamp)
  }
  return opened
}

/** The certificate, at every time that is known. Returns the IDs of its logs. */
async function verifyIdentity(
  { signer, entries, stamps }: Found,
  root: TrustedRoot,
  certificates: CertificateChecks | null,
): Promise<readonly Uint8Array[]> {
  if (signer.kind === 'key' || certificates === null) return []
  const promised = entries.map((entry) => entry.promised).filter((time): time is UnixMillis => time !== null)
  const times = [...promised, ...stamps.map(({ time }) => time)]
  if (times.length === 0) throw new TlogError('TIME_MISSING', 'neither a log nor a timestamp says when it was signed')
  return await certificates.verifyCertificate(signer.certificate.der, times, root)
}

function describeEntry({ log, kind, version, leaf, index, inclusion }: LoggedEntry): VerdictEntry {
  return {
    log: { url: log.baseUrl, id: hex(log.logId) },
    kind: `${kind} ${version}`,
    leaf: hex(leaf),
    index,
    inclusion: inclusion === null ? null : describeInclusion(inclusion),
  }
}

function describeInclusion({ index, checkpoint }: NonNullable<LoggedEntry['inclusion']>): VerdictEntry['inclusion'] {
  const { origin, size, root, cosigners } = checkpoint
  return { origin, index, size, root: hex(root), cosigners }
}

function promisedTime({ log, promised }: LoggedEntry): VerdictTime[] {
  return promised === null ? [] : [{ time: promised, source: 'log', name: log.baseUrl }]
}

function stampedTime({ time, authority }: OpenedTimestamp): VerdictTime {
  const { subject, uri } = authority
  return { time, source: 'timestamp authority', name: uri === '' ? subject.commonName : uri }
}

function gaps({ bundle, trust, entries, stamps }: Found): readonly Gap[] {
  const found: [Gap, boolean][] = [
    ['time', stamps.length === 0 && entries.every(({ promised }) => promised === null)],
    ['timestamps', stamps.length < bundle.timestamps.length],
    ['inclusion', entries.some(({ inclusion }) => inclusion === null)],
    ['witnesses', trust.policy.quorum === null],
    ['claims', bundle.content.kind === 'envelope'],
    ['key owner', trust.signer.kind === 'key'],
  ]
  return found.filter(([, isOpen]) => isOpen).map(([gap]) => gap)
}
