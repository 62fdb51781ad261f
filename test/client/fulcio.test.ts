import { createHash, createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { requestCertificate } from '../../src/client/fulcio.ts'
import { parseIdentityToken, possessionChallenge } from '../../src/formats/sigstore/identity-token.ts'
import { generateEphemeralKey, signDigest } from '../../src/sign/private-key.ts'
import { fakeFulcio, type Named, tokenText } from './fulcio.ts'
import { fakeService, impatient } from './support.ts'

const KEY = generateEphemeralKey()

function question(claims: object = {}) {
  const token = parseIdentityToken(tokenText(claims))
  const proof = signDigest(KEY, createHash('sha256').update(possessionChallenge(token)).digest())
  return { token, spki: KEY.publicKey.der, proof }
}

t.test('a certificate for the key, in the name of the token', async (t) => {
  const authority = await fakeFulcio(t, t.testdir())
  const certificate = await requestCertificate(impatient().ask, authority.url, question())
  t.match(certificate, { issuer: 'https://issuer.example', sans: [{ type: 'email', value: 'me@example.com' }] })
  const [asked] = authority.asked
  t.equal(asked?.path, '/api/v2/signingCert')
  const { publicKeyRequest } = JSON.parse(String(asked?.body))
  const key = createPublicKey(publicKeyRequest.publicKey.content)
  t.ok(verify('sha256', Buffer.from('me@example.com'), key, Buffer.from(publicKeyRequest.proofOfPossession, 'base64')))
})

t.test('what is not what was asked for', async (t) => {
  const cases: readonly (readonly [string, Named, object, RegExp | null])[] = [
    ['another email', { san: 'email:you@example.com' }, {}, /in the name of another/],
    ['another issuer', { issuer: 'https://other.example' }, {}, /"https:\/\/other.example" vouches for it/],
    ['not for code', { usage: 'clientAuth' }, {}, /not for signing code/],
    [
      'a brokered issuer',
      { issuer: 'https://broker.example' },
      { federated_claims: { connector_id: 'https://broker.example' } },
      null,
    ],
    ['a name that the authority composed', { san: 'URI:https://ci.example/job' }, { email: undefined }, null],
  ]
  for (const [name, named, claims, expected] of cases) {
    const authority = await fakeFulcio(t, t.testdir(), () => named)
    const asked = requestCertificate(impatient().ask, authority.url, question(claims))
    if (expected === null) await t.resolves(asked, name)
    else await t.rejects(asked, { code: 'CERTIFICATE_UNTRUSTED', message: expected }, name)
  }
  const authority = await fakeFulcio(t, t.testdir())
  const other = { ...question(), spki: generateEphemeralKey().publicKey.der }
  const swapped = requestCertificate(
    async (asked) => {
      const body = String(asked.body).replace(/MFkw[^"]*=/, createPublicKeyBase64())
      return impatient().ask({ ...asked, body })
    },
    authority.url,
    other,
  )
  await t.rejects(swapped, { code: 'CERTIFICATE_UNTRUSTED', message: /for another key/ })
})

const createPublicKeyBase64 = () => Buffer.from(generateEphemeralKey().publicKey.der).toString('base64')

t.test('the token goes to nobody else, and into no message', async (t) => {
  const asked = question()
  await t.rejects(requestCertificate(impatient().ask, 'http://fulcio.example', asked), { code: 'CONFIG_INVALID' })
  const parrot = await fakeService(t, ({ body }) => ({
    status: 400,
    body: `bad token ${JSON.parse(String(body)).credentials.oidcIdentityToken}`,
  }))
  const failed = await requestCertificate(impatient().ask, parrot.url, asked).catch((error: unknown) => error)
  t.match(failed, { code: 'SERVICE_REFUSED', message: /answered 400: bad token …/ })
  t.notOk(String(failed).includes(asked.token.text))
})
