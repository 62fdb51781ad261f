/** Withdrawals in the log's own name: its own key signs them, in the form that its dialect takes, and they are known again by it. */

import { signEcdsa, signEd25519ph } from '#crypto'
import type { EcdsaKey, SigningKey } from '../crypto/crypto.ts'
import { formatWithdrawal, parseWithdrawal, type Withdrawal } from '../formats/custody/withdrawal.ts'
import { parseJson } from '../formats/json.ts'
import { orNull } from '../formats/located.ts'
import { clientKey } from '../formats/log-key.ts'
import { publicKeyKey } from '../formats/lookup-key.ts'
import { pae } from '../formats/sigstore/dsse.ts'
import { formatDsseProposal } from '../formats/sigstore/format-proposal-v1.ts'
import { parseProposalV1 } from '../formats/sigstore/proposal-v1.ts'
import type { Material } from '../formats/sigstore/request-v2.ts'
import { STATEMENT_TYPE } from '../formats/sigstore/statement.ts'
import { equal, utf8 } from '../kernel/bytes.ts'
import type { LeafFacts } from '../log/facts.ts'
import type { LogIdentity } from '../log/log.ts'
import type { ContentName, Entry } from '../log/ports.ts'
import { factsOf } from './facts.ts'
import { admit as admitV1 } from './rekor-v1/admit.ts'
import { admit as admitV2 } from './rekor-v2/admit.ts'
import { signersOf } from './signers.ts'

type Identity = Pick<LogIdentity, 'dialect' | 'vkey' | 'ecdsaKey'>

/** The private halves. */
export interface OwnKeys {
  readonly key: SigningKey
  /** Of a Rekor v1 log. */
  readonly ecdsa: EcdsaKey | null
}

/**
 * The entry by which a log takes content back. What is signed begins with `DSSEv1`, as no checkpoint and no promise of
 * the same key does; under Ed25519 it is a signature of another kind besides.
 *
 * @throws TlogError FIELD_INVALID on a reason that is empty or too long; LOG_BUSY
 */
export async function withdrawalEntry(log: Identity, keys: OwnKeys, withdrawal: Withdrawal): Promise<Entry> {
  const payload = formatWithdrawal(withdrawal)
  const message = pae(STATEMENT_TYPE, payload)
  const verifier: Material = { kind: 'publicKey', rawBytes: clientKey(log) }
  const sig = keys.ecdsa === null ? signEd25519ph(keys.key, message) : await signEcdsa(keys.ecdsa, message)
  const envelope = { payloadType: STATEMENT_TYPE, payload, signatures: [{ sig, keyid: '' }] }
  const admission = { attachmentLimit: Number.POSITIVE_INFINITY }
  const { algorithm, digest } = withdrawal
  if (log.dialect === 'rekor-v1') {
    const proposal = parseProposalV1(parseJson(utf8(formatDsseProposal(envelope, verifier))))
    return { ...(await admitV1(proposal, admission)), withdraws: { algorithm, digest } }
  }
  const verifiers = [{ keyDetails: 'PKIX_ED25519_PH', material: verifier } as const]
  return { ...(await admitV2({ kind: 'dsse', envelope, verifiers }, admission)), withdraws: { algorithm, digest } }
}

/**
 * What a leaf of the log takes back, by the content that it commits to; null: nothing, or not in the log's own name.
 * With what is known of the leaf, one that another key signed costs next to nothing.
 */
export function withdrawalsOf(
  log: Identity,
): (leaf: Uint8Array, content: Uint8Array, known?: Pick<LeafFacts, 'keys'>) => ContentName | null {
  const [read, own] = [readWithdrawal(log.dialect, clientKey(log)), publicKeyKey(clientKey(log))]
  return (leaf, content, known) => {
    if (known !== undefined && !known.keys.some(({ key }) => equal(key, own))) return null
    const withdrawal = read(leaf, content)
    return withdrawal === null ? null : { algorithm: withdrawal.algorithm, digest: withdrawal.digest }
  }
}

/**
 * As withdrawalsOf, of a log of which the key alone is known. Neither the signature in the leaf nor the digest of the content is
 * checked.
 * @param own DER SubjectPublicKeyInfo
 */
export function readWithdrawal(
  dialect: string,
  own: Uint8Array,
): (leaf: Uint8Array, content: Uint8Array) => Withdrawal | null {
  const [facts, signers] = [factsOf(dialect), signersOf(dialect)]
  return (leaf, content) =>
    orNull(() => {
      if (!signers(leaf).some(({ key }) => equal(key.der, own))) return null
      const payload = facts(leaf).attachments[0]?.statementOf(content) ?? null
      return payload === null ? null : parseWithdrawal(payload)
    })
}
