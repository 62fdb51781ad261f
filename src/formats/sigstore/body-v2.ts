/** The leaf of a Rekor v2 log: a hashedrekord 0.0.2 entry as canonical JSON (sigstore/rekor-tiles api/proto/rekor/v2). */

import { base64, parseBase64, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { located } from '../located.ts'
import { isKeyDetails } from './key-details.ts'
import type { Verifier } from './request-v2.ts'

const DIGEST_BYTES = { SHA2_256: 32, SHA2_384: 48, SHA2_512: 64 } as const

export type HashAlgorithm = keyof typeof DIGEST_BYTES

export interface BodyV2 {
  readonly algorithm: HashAlgorithm
  /** As long as `algorithm` makes it. */
  readonly digest: Uint8Array
  readonly signature: Uint8Array
  readonly verifier: Verifier
}

const BODY = new RegExp(
  '^{"apiVersion":"0\\.0\\.2","kind":"hashedrekord","spec":{"hashedRekordV002":{' +
    '"data":{"algorithm":"(?<algorithm>\\w+)","digest":"(?<digest>[^"]+)"},' +
    '"signature":{"content":"(?<content>[^"]+)","verifier":{"keyDetails":"(?<keyDetails>\\w+)",' +
    '"(?<kind>publicKey|x509Certificate)":{"rawBytes":"(?<rawBytes>[^"]+)"}}}}}}$',
)

/** The shape is fixed and no value needs an escape, so RFC 8785's canonical form is one line of text. */
export function formatBodyV2({ algorithm, digest, signature, verifier }: BodyV2): Uint8Array {
  const { kind, rawBytes } = verifier.material
  return utf8(
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{` +
      `"data":{"algorithm":"${algorithm}","digest":"${base64(digest)}"},` +
      `"signature":{"content":"${base64(signature)}","verifier":{"keyDetails":"${verifier.keyDetails}",` +
      `"${kind}":{"rawBytes":"${base64(rawBytes)}"}}}}}}`,
  )
}

/**
 * The inverse. The pattern fixes every byte between the values and each value has one spelling, so nothing is left to
 * compare.
 *
 * @throws TlogError ENTRY_MALFORMED unless `leaf` is the one spelling of its body.
 */
export function parseBodyV2(leaf: Uint8Array): BodyV2 {
  return located('ENTRY_MALFORMED', 'not a hashedrekord 0.0.2 body', () => readBody(parseUtf8(leaf)))
}

function readBody(text: string): BodyV2 {
  const found = BODY.exec(text)?.groups
  if (found === undefined) throw malformed('not its canonical JSON')
  const { algorithm = '', digest = '', content = '', keyDetails = '', kind, rawBytes = '' } = found
  if (!isHashAlgorithm(algorithm)) throw malformed(`no such digest algorithm: ${algorithm.slice(0, 64)}`)
  if (!isKeyDetails(keyDetails)) throw malformed(`no such keyDetails: ${keyDetails.slice(0, 64)}`)
  const material = { kind: kind as 'publicKey' | 'x509Certificate', rawBytes: parseBase64(rawBytes) }
  const body = {
    algorithm,
    digest: parseBase64(digest),
    signature: parseBase64(content),
    verifier: { keyDetails, material },
  }
  if (body.digest.length !== DIGEST_BYTES[algorithm]) throw malformed(`${algorithm} of ${body.digest.length} bytes`)
  return body
}

function isHashAlgorithm(name: string): name is HashAlgorithm {
  return Object.hasOwn(DIGEST_BYTES, name)
}

function malformed(why: string): TlogError {
  return new TlogError('ENTRY_MALFORMED', why)
}
