/** The lookup keys of an entry: those that follow from its leaf, and those of the artifacts that its statement names. */

import { sha256 } from '#sha256'
import { parseCoseSign1 } from '../../formats/cose.ts'
import { custodyPayload, documentOf } from '../../formats/lineage/content.ts'
import { digestKey } from '../../formats/lookup-key.ts'
import type { PemBlock } from '../../formats/pki/pem.ts'
import type { Digest } from '../../formats/sigstore/body-v1.ts'
import { canonicalPem } from '../../formats/sigstore/leaf-v1.ts'
import { parseEnvelopeText } from '../../formats/sigstore/proposal-v1.ts'
import { type LeafV1, parseLeafV1 } from '../../formats/sigstore/read-leaf-v1.ts'
import { isStatement } from '../../formats/sigstore/statement.ts'
import { equal, utf8 } from '../../kernel/bytes.ts'
import type { LeafFacts, NamedAttachment } from '../../log/facts.ts'
import type { Attachment, Entry } from '../../log/ports.ts'
import { signerKeys } from '../signer-keys.ts'
import { statementKeys } from '../statement-keys.ts'
import { signerOf } from './detached.ts'
import { readSigner } from './signer.ts'

/** Content that a leaf commits to. */
export interface Kept {
  readonly digest: Digest
  readonly content: Uint8Array
}

export type Attestation = Pick<Attachment, 'algorithm' | 'digest'>

/**
 * @throws TlogError ENVELOPE_MALFORMED when a payload that claims to be a statement is not JSON that everybody reads
 *   alike, or names too many artifacts.
 */
export function entryOf(leaf: Uint8Array, kept: Kept | null, attachmentLimit: number): Entry {
  const { keys, attachments } = factsOfLeaf(leaf)
  if (kept === null) return { leaf, keys, attachments: [] }
  const { algorithm, bytes } = kept.digest
  const attachment = { algorithm, digest: bytes, content: kept.content }
  return {
    leaf,
    keys: [...keys, ...attachments.flatMap(({ keysOf }) => keysOf(kept.content))],
    attachments: kept.content.length <= attachmentLimit ? [attachment] : [],
  }
}

/**
 * What can be said of a leaf without its request.
 * @throws TlogError ENTRY_MALFORMED, or a code of the parser that refused, when the leaf is not of this dialect.
 */
export function factsOfLeaf(leaf: Uint8Array): LeafFacts {
  const body = parseLeafV1(leaf)
  switch (body.kind) {
    case 'hashedrekord':
      return facts([body.digest], verifierKeys(body.verifier), {
        digest: body.digest,
        statementOf: documentOf,
      })
    case 'rekord':
      return facts([body.digest], signerKeys(signerOf(body.signed)))
    case 'cose':
      return facts([body.payloadHash, body.envelopeHash], verifierKeys(body.verifier), {
        digest: body.envelopeHash,
        statementOf: coseStatement,
      })
    case 'rfc3161':
      return facts([{ algorithm: 'sha256', bytes: sha256(body.response) }], [])
    case 'dsse':
      return facts([body.payloadHash, body.envelopeHash], keysOfAll(body.signatures), {
        digest: body.envelopeHash,
        statementOf: envelopeStatement,
      })
    case 'intoto':
      // Its envelope's hash is the client's word, which nobody can check.
      return facts([body.payloadHash], keysOfAll(body.signatures), {
        digest: body.payloadHash,
        statementOf: (payload) => custodyPayload({ payloadType: body.payloadType, payload }),
      })
    case 'intoto 0.0.1':
      return facts([body.envelopeHash, body.payloadHash], verifierKeys(body.verifier), {
        digest: body.payloadHash,
        statementOf: untypedStatement,
      })
  }
}

/** How the canonical JSON of most entries goes on after its version; they are read too often to be parsed for this. */
const UNATTESTED = ['"kind":"hashedrekord",', '"kind":"dsse",'].map(utf8)
const KIND_AT = '{"apiVersion":"0.0.1",'.length

/** The digest of what Rekor v1 returns with an entry: an intoto one's payload, a COSE message; null for other kinds. */
export function attestationOf(leaf: Uint8Array): Attestation | null {
  if (UNATTESTED.some((kind) => equal(leaf.subarray(KIND_AT, KIND_AT + kind.length), kind))) return null
  const attested = attestedHash(parseLeafV1(leaf))
  return attested === null ? null : { algorithm: attested.algorithm, digest: attested.bytes }
}

function attestedHash(body: LeafV1): Digest | null {
  if (body.kind === 'cose') return body.envelopeHash
  return body.kind === 'intoto' || body.kind === 'intoto 0.0.1' ? body.payloadHash : null
}

/** @param signers lookup keys of theirs */
function facts(digests: readonly Digest[], signers: readonly Uint8Array[], kept?: Committed): LeafFacts {
  const keys = [...digests.map((one) => digestKey(one.algorithm, one.bytes)), ...signers]
  return {
    keys: keys.map((key) => ({ key, source: 'leaf' })),
    attachments: kept === undefined ? [] : [named(kept)],
  }
}

interface Committed extends Pick<NamedAttachment, 'statementOf'> {
  readonly digest: Digest
}

function named({ digest: { algorithm, bytes }, statementOf }: Committed): NamedAttachment {
  const keysOf = (content: Uint8Array) => {
    const payload = statementOf(content)
    return payload === null ? [] : statementKeys(payload)
  }
  return { algorithm, digest: bytes, key: digestKey(algorithm, bytes), keysOf, statementOf }
}

/** Rekor v1 finds dsse and intoto entries by the hash of their key's PEM, as if it were that of an artifact. */
function verifierKeys(verifier: PemBlock): Uint8Array[] {
  return [digestKey('sha256', sha256(canonicalPem(verifier))), ...signerKeys(readSigner(verifier))]
}

function keysOfAll(signatures: readonly { readonly verifier: PemBlock }[]): Uint8Array[] {
  return signatures.flatMap(({ verifier }) => verifierKeys(verifier))
}

function envelopeStatement(content: Uint8Array): Uint8Array | null {
  return custodyPayload(parseEnvelopeText(content))
}

function coseStatement(message: Uint8Array): Uint8Array | null {
  const { contentType, payload } = parseCoseSign1(message)
  return contentType === null ? null : custodyPayload({ payloadType: contentType, payload })
}

/** The leaf does not say of which type its payload is, so the payload must. */
function untypedStatement(payload: Uint8Array): Uint8Array | null {
  return isStatement(payload) ? payload : null
}
