import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { formatCertificateQuestion, parseCertificateAnswer } from '../../../src/formats/sigstore/fulcio.ts'
import { encode, refusal } from '../support.ts'
import { recorded } from './log-entry-v1.ts'

const parse = (answer: unknown) => parseCertificateAnswer(parseJson(encode(JSON.stringify(answer))))

t.test('the question', async (t) => {
  const token = { text: 'a.b.c', issuer: 'i', federatedIssuer: undefined, email: undefined, subject: 's' }
  const asked = { token: { ...token, audiences: [], expires: 0 }, spki: Uint8Array.of(1), proof: Uint8Array.of(2) }
  t.same(JSON.parse(formatCertificateQuestion(asked)), {
    credentials: { oidcIdentityToken: 'a.b.c' },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: '-----BEGIN PUBLIC KEY-----\nAQ==\n-----END PUBLIC KEY-----\n' },
      proofOfPossession: 'Ag==',
    },
  })
})

t.test('the answer', async (t) => {
  const { material } = recorded('happy-path-v0.3')
  const leaf = material.kind === 'certificate' ? material.leaf : new Uint8Array()
  const pem = new X509Certificate(leaf).toString()
  t.same(parse({ signedCertificateEmbeddedSct: { chain: { certificates: [pem, pem] } } }), [leaf, leaf])
  for (const [name, answer, expected] of [
    [
      'apart from its SCT',
      { signedCertificateDetachedSct: { chain: { certificates: [pem] } } },
      'FIELD_MISSING signed',
    ],
    ['no certificate', { signedCertificateEmbeddedSct: { chain: { certificates: [] } } }, 'FIELD_INVALID .*1 to 10'],
    [
      'no PEM',
      { signedCertificateEmbeddedSct: { chain: { certificates: ['x'] } } },
      'FIELD_INVALID .*certificates\\[0\\]',
    ],
  ] as const)
    t.match(
      refusal(() => parse(answer)),
      new RegExp(`^${expected}`),
      name,
    )
})
