import t from 'tap'
import { parseIdentityToken, possessionChallenge } from '../../../src/formats/sigstore/identity-token.ts'
import { refusal } from '../support.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: unknown) => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`
const GOOD = { iss: 'https://issuer.example', sub: 'repo:a/b', aud: 'sigstore', exp: 1_790_000_000 }

t.test('what an authority will read', async (t) => {
  t.same(parseIdentityToken(token(GOOD)), {
    text: token(GOOD),
    issuer: 'https://issuer.example',
    federatedIssuer: undefined,
    email: undefined,
    subject: 'repo:a/b',
    audiences: ['sigstore'],
    expires: 1_790_000_000,
  })
  const brokered = {
    ...GOOD,
    aud: ['a', 'sigstore', 7],
    federated_claims: { connector_id: 'https://accounts.example' },
  }
  t.match(parseIdentityToken(token(brokered)), {
    audiences: ['a', 'sigstore'],
    federatedIssuer: 'https://accounts.example',
  })
})

t.test('the name whose owner shows the key', async (t) => {
  for (const [claims, expected] of [
    [{}, 'repo:a/b'],
    [{ email: 'me@example.com', email_verified: true }, 'me@example.com'],
    [{ email: 'me@example.com', email_verified: 'true' }, 'me@example.com'],
    [{ email: 'me@example.com', email_verified: false }, 'repo:a/b'],
    [{ email: 'me@example.com' }, 'repo:a/b'],
  ] as const)
    t.equal(possessionChallenge(parseIdentityToken(token({ ...GOOD, ...claims }))), expected)
})

t.test('what is no token; its text is never told', async (t) => {
  const { iss, ...unissued } = GOOD
  const cases: readonly (readonly [string, string])[] = [
    ['words', 'sEcReT'],
    ['two parts', 'sEcReT.sEcReT'],
    ['no JSON', `a.${Buffer.from('sEcReT').toString('base64url')}.b`],
    ['a list', `a.${encode(['sEcReT'])}.b`],
    ['no issuer', token({ ...unissued, sub: 'sEcReT' })],
    ['no expiry', token({ ...GOOD, exp: 'sEcReT' })],
    ['no subject', token({ ...GOOD, sub: 7, jti: 'sEcReT' })],
    ['long', `a.${'sEcReT'.repeat(4000)}.b`],
  ]
  for (const [name, text] of cases) {
    const said = refusal(() => parseIdentityToken(text))
    t.match(said, /^FIELD_INVALID the identity token: /, name)
    t.notOk(said.includes('sEcReT'), name)
  }
})
