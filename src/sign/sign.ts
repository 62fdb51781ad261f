/** Signs, has it logged, and checks what came back. Nothing is returned that does not hold. */

import { digest } from '#crypto'
import type { Ask } from '../client/ask.ts'
import { requestCertificate } from '../client/fulcio.ts'
import { submitV1 } from '../client/rekor-v1.ts'
import { submitV2 } from '../client/rekor-v2.ts'
import { requestTimestamp } from '../client/timestamp.ts'
import { parseCertificate } from '../formats/pki/certificate.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import { type Bundle, parseSigstoreBundle } from '../formats/sigstore/bundle.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { formatSigstoreBundle } from '../formats/sigstore/format-bundle.ts'
import { type IdentityToken, possessionChallenge } from '../formats/sigstore/identity-token.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Abilities } from '../verify/ports.ts'
import type { TrustedSigner } from '../verify/trust.ts'
import { type Attempt, type AttemptStore, formatAttempt, resumable } from './attempt.ts'
import { type Checked, checkFresh, type SigningTrust } from './check.ts'
import { generateEphemeralKey, type PrivateKey, signDigest } from './private-key.ts'
import type { Services } from './services.ts'
import { loggableOf, type Signed, type Subject, signSubject } from './subject.ts'

export type Signer =
  | { readonly kind: 'key'; readonly key: PrivateKey }
  | { readonly kind: 'identity'; readonly token: IdentityToken; readonly attempts: AttemptStore }

export interface Order {
  readonly subject: Subject
  readonly services: Services
  /** Null: the bundle is checked against itself alone. */
  readonly trust: SigningTrust | null
  /** What the log asks of those who write, or null. */
  readonly logToken: string | null
}

export interface SigningWorld {
  readonly ask: Ask
  readonly now: () => UnixMillis
  readonly random: (bytes: number) => Uint8Array
  readonly abilities: Abilities
}

export interface SignedBundle {
  readonly text: string
  readonly bundle: Bundle
  readonly signer: TrustedSigner
  readonly checked: Checked
}

/**
 * With a key the signature, and so the entry, is the same each time: whoever repeats after a lost answer gets the bundle of
 * the entry that is there. With an identity the attempt is kept until then.
 *
 * @throws TlogError CONFIG_INVALID, KEY_NOT_ALLOWED before anything is sent; SERVICE_REFUSED, SERVICE_UNREACHABLE;
 *   ENTRY_EXISTS; and as checkFresh does, when what came back does not hold
 */
export async function signAndLog(order: Order, signer: Signer, world: SigningWorld): Promise<SignedBundle> {
  if (signer.kind === 'key') {
    const signed = signSubject(order.subject, signer.key, null, order.services.version)
    const timestamps = await stamp(order, signed, world)
    return await finish(order, { ...signed, timestamps }, { kind: 'key', key: signer.key.publicKey }, world)
  }
  const attempt = await attemptOf(order, signer, world)
  const { issuer = '', sans } = attempt.certificate
  const named: TrustedSigner = { kind: 'identity', name: sans[0]?.value ?? '', issuer }
  return await finish(order, attempt, named, world)
}

type Unlogged = Signed & Pick<Attempt, 'timestamps'>

async function attemptOf(
  order: Order,
  { token, attempts }: Extract<Signer, { kind: 'identity' }>,
  world: SigningWorld,
): Promise<Attempt> {
  const { certificates, version, timestamps } = order.services
  const before = attempts.load()
  const kept = before && (await resumable(before, { subject: order.subject, token, now: world.now() }))
  if (kept) return kept
  if (certificates === null) throw new TlogError('CONFIG_INVALID', 'no certificate authority is named')
  if (version === 2 && timestamps.length === 0)
    throw new TlogError('CONFIG_INVALID', 'a v2 log gives no time: a certificate needs a timestamp authority as well')
  const key = generateEphemeralKey()
  const certificate = await certify(world.ask, certificates, { token, key })
  const signed = signSubject(order.subject, key, certificate, version)
  const attempt = { ...signed, certificate, timestamps: await stamp(order, signed, world) }
  attempts.save(formatAttempt(attempt)) // before a log may have it
  return attempt
}

function certify(ask: Ask, url: string, { token, key }: { token: IdentityToken; key: PrivateKey }) {
  const proof = signDigest(key, digest('SHA2_256', utf8(possessionChallenge(token))))
  return requestCertificate(ask, url, { token, spki: key.publicKey.der, proof })
}

async function stamp({ services }: Order, { content }: Signed, { ask, random }: SigningWorld): Promise<Uint8Array[]> {
  const stamps: Uint8Array[] = []
  for (const url of services.timestamps) stamps.push(await requestTimestamp(ask, url, content.signature, random))
  return stamps
}

async function finish(
  order: Order,
  unlogged: Unlogged,
  signer: TrustedSigner,
  world: SigningWorld,
): Promise<SignedBundle> {
  const entries = await logEverywhere(order, unlogged, keyOf(unlogged, signer), world.ask)
  const text = formatSigstoreBundle({ ...unlogged, entries })
  const bundle = parseSigstoreBundle(utf8(text)) // what will be written, and nothing else, is checked
  const { artifact } = order.subject
  return { text, bundle, signer, checked: await checkFresh({ bundle, artifact, signer }, order.trust, world.abilities) }
}

function keyOf({ material }: Signed, signer: TrustedSigner): PublicKey {
  if (signer.kind === 'key') return signer.key
  if (material.kind !== 'certificate') throw new TypeError('an identity without a certificate')
  return parseSpki(parseCertificate(material.leaf).spki)
}

async function logEverywhere(
  { services, trust, logToken: token }: Order,
  signed: Signed,
  key: PublicKey,
  ask: Ask,
): Promise<BundleEntry[]> {
  const loggable = loggableOf(signed, key)
  const entries: BundleEntry[] = []
  for (const url of services.logs) {
    const id = trust?.root.tlogs.find(({ baseUrl }) => sameUrl(baseUrl, url))?.logId ?? null
    entries.push(
      services.version === 1
        ? await submitV1(ask, { url, token }, loggable)
        : await submitV2(ask, { url, token, id }, loggable),
    )
  }
  return entries
}

function sameUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '')
}
