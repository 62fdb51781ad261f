/** Two signed requests by one key, and all that follows from them: the log of every example holds these two entries. */

import { base64, utf8 } from '../../../kernel/bytes.ts'
import type { Example } from '../openapi.ts'

export const VERIFIER = {
  publicKey: {
    rawBytes:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq6HMgoU7n4+NCopZhnQQBXwr5gR3X2+pQSIz1n1xF+ytDB0KcOP1qv8+nHBqOpS3kR58mARuNBy+yEhqdHmt7w==',
  },
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
}

/** Of its SubjectPublicKeyInfo. */
export const SIGNER_KEY = '495faa942c4b54be6d7ce01ee971980c9c2accd65e0b690f7b0dab4658dae0d5'

export const STATEMENT =
  '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"hello.txt","digest":{"sha256":"853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}'

/** Of the statement. */
export const PAYLOAD = 'sha256:93fb7d22458e32dfac88fc1f2320007f2efdc5e955089f8b142c458f746293ac'

export const DIGESTS = [
  'hT/5N2Kgbdv3IsTr6d3WbY9j3a6pf1IcPswg2nyXYCA=',
  '7uSOA+8Rf5lrr8My9j650IgINtPThpM0sO00JLZ2SW8=',
] as const
export const SIGNATURES = [
  'MEUCIEvMQB2TL5gFVF0Fj37EOrlfBXBi3g99oHZtVNuxvVj2AiEAt0g6cXvUg2RdLFg/OqVRTnh2ADgXwfcmEpC0BWwaJZo=',
  'MEUCIEzGVQuD0eWitcaVfiS2GsekhQF7UYeJvsdGBgj2kpV/AiEArMlrfXmraq00WqhfXU4Zt9u24hZGIKcprnAZwfg4WsY=',
] as const

/** Over the 13 bytes `hello, world\n`. */
export const HASHED_REKORD = {
  hashedRekordRequestV002: { digest: DIGESTS[0], signature: { content: SIGNATURES[0], verifier: VERIFIER } },
}

export const DSSE = {
  dsseRequestV002: {
    envelope: {
      payloadType: 'application/vnd.in-toto+json',
      payload: base64(utf8(STATEMENT)),
      signatures: [{ sig: SIGNATURES[1] }],
    },
    verifiers: [VERIFIER],
  },
}

export const BODIES = [body(DIGESTS[0], SIGNATURES[0]), body(DIGESTS[1], SIGNATURES[1])] as const
export const LEAVES = [base64(utf8(JSON.stringify(BODIES[0]))), base64(utf8(JSON.stringify(BODIES[1])))] as const
export const LEAF_HASHES = [
  'e82582722164d8d6f8c036bbd47cebfb8021565df16b3acdedb00e0d74e8b78f',
  'bde41d3e47685cf5d63a1a1595219ea2afd9b10304f6031bd468c769b34aee64',
] as const
/** Of the trees of one and of two. */
export const ROOTS = [LEAF_HASHES[0], '9cb36dd7a644ed4a0de95ae65653eaabdef207e9d5370ee0464775bf22efd4e9'] as const
export const ATTACHMENT = {
  algorithm: 'sha256',
  digest: 'eee48e03ef117f996bafc332f63eb9d0880836d3d3869334b0ed3424b676496f',
}

export const VKEY = 'log.example+0026247b+ARl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h'
/** Cut: the key alone has 1,752 characters. */
export const ML_DSA_VKEY = 'log.example+7e1d0c55+Bt0mZsJq…'
export const LOG_ID = 'ACYke4OyJBKWDxdZQlzXSMQCWw2NNcjyWvSogq6CCLM='
export const TIME = '2026-11-24T09:00:00.000Z'
export const NOTES = [
  'log.example\n1\n6CWCciFk2Nb4wDa71Hzr+4AhVl3xazrN7bAODXTot48=\n\n— log.example ACYkezs7vSnaSX+dcbZ/WPtzVXiRxw4VE6SHpYrAEmJgEvPwoscUPubODi2aFUV6+pHc9XWtWCfQ6Lu79FLdlHjLgwE=\n',
  'log.example\n2\nnLNt16ZE7UoN6VrmVlPqq97yB+nVNw7gRkd1vyLv1Ok=\n\n— log.example ACYke1QbvMHbc+1W3cqOoKWTJ04aeox2X7p9Jh7OEsg6J/cwvcnXeobdJJkfL2Hcgcg2v4ru0cZ5YaEfr9RQG0m0hQw=\n',
] as const

/** What every resource below a log's name says of a name that none has. */
export const UNKNOWN_LOG: Readonly<Record<404, string>> = {
  404: 'No log has this name, or it has nothing like that yet.',
}

export function refused(
  status: 400 | 404,
  reason: string,
  message: string,
  parameters: Readonly<Record<string, string | number>>,
): Example {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'colophon' }]
  return { status, parameters, answer: { value: { code: status === 404 ? 5 : 3, message, details } } }
}

function body(digest: string, content: string) {
  const signature = { content, verifier: { keyDetails: VERIFIER.keyDetails, publicKey: VERIFIER.publicKey } }
  const data = { algorithm: 'SHA2_256', digest }
  return { apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: { data, signature } } }
}
