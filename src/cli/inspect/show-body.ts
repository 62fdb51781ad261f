/** What a log has for a leaf: the body of a Rekor entry, v1 or v2. */

import { isJsonObject, type JsonValue, parseJson } from '../../formats/json.ts'
import { type BodyV1, parseBodyV1 } from '../../formats/sigstore/body-v1.ts'
import { parseBodyV2 } from '../../formats/sigstore/body-v2.ts'
import { canonicalJson } from '../../formats/sigstore/canonical-json.ts'
import { detachedSignatureJson } from '../../formats/sigstore/detached-signature.ts'
import { type CoseV1, type LeafV1, parseLeafV1, type RekordV1 } from '../../formats/sigstore/read-leaf-v1.ts'
import { equal, parseBase64, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import { showKeyOrCertificate } from './show-key.ts'
import { showTimestamp } from './show-timestamp.ts'
import { bytes, type Content, jsonValue, list, malformed, type Node, part, parts, text, word } from './tree.ts'

/** Also for a body that was printed in another form than the log keeps: then its leaf is that of the canonical one. */
export function showBody(body: Uint8Array): Content {
  const json = parseJson(body)
  const canonical = canonicalJson(json)
  const leaf = part('leaf hash', bytes(leafHash(canonical)), 'computed: SHA-256 of a zero byte and the body')
  if (!isJsonObject(json)) return parts(leaf, part('body', malformed('an object was expected')))
  const { kind, apiVersion } = json
  if (typeof kind !== 'string' || typeof apiVersion !== 'string')
    return parts(leaf, part('body', malformed('kind and apiVersion were expected')), part('content', jsonValue(json)))
  return parts(
    part('kind', text(kind)),
    part('version', text(apiVersion)),
    leaf,
    equal(body, canonical) ? null : part('form', word('not the canonical JSON that a log keeps')),
    ...specNodes(canonical, { kind, version: apiVersion, spec: json.spec ?? null }),
  )
}

interface Spec {
  readonly kind: string
  readonly version: string
  readonly spec: JsonValue
}

/** Kinds of entries on which no bundle rests. */
const BESIDE_BUNDLES = ['rekord 0.0.1', 'cose 0.0.1', 'rfc3161 0.0.1']

/** Kinds without a reader are shown as they are. */
function specNodes(body: Uint8Array, { kind, version, spec }: Spec): Node[] {
  try {
    if (kind === 'hashedrekord' && version === '0.0.2') return v2Nodes(body)
    const name = `${kind} ${version}`
    return BESIDE_BUNDLES.includes(name) ? leafNodes(parseLeafV1(body)) : v1Nodes(parseBodyV1(body, kind, version))
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    const fault = error.code === 'ENTRY_MISMATCH' ? [] : [part('as a whole', malformed(error.message))]
    return [...fault, part('spec', jsonValue(spec))]
  }
}

function v2Nodes(body: Uint8Array): Node[] {
  const { algorithm, digest, signature, verifier } = parseBodyV2(body)
  const { kind, rawBytes } = verifier.material
  return [
    digestNode('digest', algorithm, digest, 'of the file that was signed, or of the PAE of an envelope'),
    part('signature', bytes(signature)),
    part('key details', word(verifier.keyDetails)),
    kind === 'publicKey' ? part('public key', () => showKeyOf(rawBytes)) : showKeyOrCertificate(rawBytes),
  ]
}

function showKeyOf(rawBytes: Uint8Array): Content {
  return showKeyOrCertificate(rawBytes).content
}

function v1Nodes(body: BodyV1): Node[] {
  if (body.kind === 'hashedrekord')
    return [
      digestNode('digest', body.digest.algorithm, body.digest.bytes, 'of the file that was signed'),
      part('signature', bytes(body.signature)),
      showKeyOrCertificate(body.verifier.der),
    ]
  return [
    body.kind === 'intoto' ? part('payload type', text(body.payloadType)) : null,
    digestNode('payload hash', body.payloadHash.algorithm, body.payloadHash.bytes),
    part(
      'signatures',
      list(body.signatures, ({ signature, verifier }) =>
        parts(part('signature', bytes(signature)), showKeyOrCertificate(verifier.der)),
      ),
    ),
  ].filter((node) => node !== null)
}

function leafNodes(leaf: LeafV1): Node[] {
  if (leaf.kind === 'rekord') return rekordNodes(leaf)
  if (leaf.kind === 'rfc3161') return [part('timestamp', () => showTimestamp(leaf.response))]
  return leaf.kind === 'cose' ? coseNodes(leaf) : []
}

function coseNodes({ payloadHash, envelopeHash, verifier }: CoseV1): Node[] {
  return [
    digestNode('payload hash', payloadHash.algorithm, payloadHash.bytes),
    digestNode('envelope hash', envelopeHash.algorithm, envelopeHash.bytes, 'of the COSE message'),
    showKeyOrCertificate(verifier.der),
  ]
}

/** X.509 keys are taken apart; what other tools write is shown as they write it. */
function rekordNodes({ digest, signed }: RekordV1): Node[] {
  const nodes = [
    digestNode('digest', digest.algorithm, digest.bytes, 'of the file that was signed'),
    part('format', word(signed.format)),
  ]
  if (signed.format === 'x509')
    return [...nodes, part('signature', bytes(signed.signature)), showKeyOrCertificate(signed.key.der)]
  const { content, publicKey } = detachedSignatureJson(signed)
  const written = (encoded: string) => text(parseUtf8(parseBase64(encoded)))
  return [...nodes, part('signature', written(content)), part('public key', written(publicKey.content))]
}

export function digestNode(label: string, algorithm: string, digest: Uint8Array, note?: string): Node {
  return part(label, parts(part('algorithm', word(algorithm)), part('value', bytes(digest))), note)
}
