/** By whom an entry is: one of the named where it is theirs, else whoever it says. */

import { sha256 } from '#sha256'
import { orNull } from '../../formats/located.ts'
import { parseCertificate } from '../../formats/pki/certificate.ts'
import { readCertificateParts, readValidity } from '../../formats/pki/certificate-parts.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import type { BundleEntry } from '../../formats/sigstore/bundle-entry.ts'
import type { Material } from '../../formats/sigstore/request-v2.ts'
import { unixMillis } from '../../kernel/brand.ts'
import { equal, hex } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { type EntrySignature, signaturesIn } from '../../verify/logged-signature.ts'
import type { Trust, TrustedSigner } from '../../verify/trust.ts'

export interface Chosen {
  readonly signer: TrustedSigner
  readonly isNamed: boolean
  readonly logged: EntrySignature
}

interface Choice {
  /** Null: of a kind, or by a key, that is not read here; or in a name that is not theirs. */
  readonly who: Chosen | null
  /** In words, the named signer in whose name it is and whose it is not. */
  readonly forged: string | null
}

/**
 * Of several signatures in one entry, one by the named. Nothing is verified but this: a certificate in a name of theirs that led
 * to no authority of the root when it was made is somebody else's, whenever it signed.
 *
 * @param trust null: a certificate is taken for what it says
 */
export async function chooseSigner(
  entry: BundleEntry,
  signers: readonly TrustedSigner[],
  trust: Omit<Trust, 'signer'> | null,
): Promise<Choice> {
  const signatures = orNull(() => signaturesIn(entry)) ?? []
  const all = signatures.flatMap((logged) => orNull(() => chosen(logged, signers)) ?? [])
  const named = all.filter(({ isNamed }) => isNamed)
  for (const who of named) if (trust === null || (await isTheirs(who, trust))) return { who, forged: null }
  const who = all.find(({ isNamed }) => !isNamed) ?? null
  return { who, forged: named[0] === undefined ? null : wordsOf(named[0].signer) }
}

async function isTheirs({ logged }: Chosen, { root, abilities }: Omit<Trust, 'signer'>): Promise<boolean> {
  const { kind, rawBytes } = logged.verifier
  if (kind === 'publicKey' || abilities.certificates === null) return true
  const { from } = readValidity(readCertificateParts(rawBytes).validity)
  try {
    await abilities.certificates.verifyCertificate(rawBytes, [unixMillis(from)], root)
    return true
  } catch (error) {
    if (error instanceof TlogError && error.code === 'CERTIFICATE_UNTRUSTED') return false
    throw error
  }
}

function chosen(logged: EntrySignature, signers: readonly TrustedSigner[]): Chosen {
  const { kind, rawBytes }: Material = logged.verifier
  if (kind === 'publicKey') {
    const key = parseSpki(rawBytes)
    const isNamed = signers.some((one) => one.kind === 'key' && equal(one.key.der, key.der))
    return { signer: { kind: 'key', key }, isNamed, logged }
  }
  const { sans, issuer } = parseCertificate(rawBytes)
  const named = signers.find(
    (one) => one.kind === 'identity' && one.issuer === issuer && sans.some(({ value }) => value === one.name),
  )
  if (named !== undefined) return { signer: named, isNamed: true, logged }
  return { signer: { kind: 'identity', name: sans[0]?.value ?? '', issuer: issuer ?? '' }, isNamed: false, logged }
}

export function wordsOf(signer: TrustedSigner): string {
  return signer.kind === 'key' ? `key ${hex(sha256(signer.key.der))}` : `${signer.name} (${signer.issuer})`
}
