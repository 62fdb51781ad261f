import t from 'tap'
import type { Loggable } from '../../src/client/loggable.ts'
import { submitV1 } from '../../src/client/rekor-v1.ts'
import { parseCertificate } from '../../src/formats/pki/certificate.ts'
import { parseSpki } from '../../src/formats/pki/spki.ts'
import type { Bundle } from '../../src/formats/sigstore/bundle.ts'
import { formatDsseProposal, formatHashedRekordProposal } from '../../src/formats/sigstore/format-proposal-v1.ts'
import { loggableOf } from '../../src/sign/subject.ts'
import { verifyBundle } from '../../src/verify/bundle.ts'
import { ENTRY_ID, logEntryOf, recorded } from '../formats/sigstore/log-entry-v1.ts'
import { readCase } from '../verify/conformance.ts'
import { fakeService, impatient, type Respond } from './support.ts'

const PATH = '/api/v1/log/entries'

interface Recorded {
  readonly bundle: Bundle
  readonly loggable: Loggable
  readonly proposal: string
}

/** What the public log took, as it would be sent again. */
function recordedCase(name: string): Recorded {
  const bundle = recorded(name)
  const { material, content } = bundle
  const { signer } = readCase(name).trust()
  const certificate = material.kind === 'certificate' ? parseCertificate(material.leaf) : null
  const key =
    certificate === null && signer.kind === 'key' ? signer.key : parseSpki(certificate?.spki ?? new Uint8Array())
  const loggable = loggableOf({ material, content }, key)
  const { digest, signature, verifier, envelope } = loggable
  const proposal =
    envelope === null
      ? formatHashedRekordProposal({ algorithm: 'sha256', bytes: digest }, signature, verifier)
      : formatDsseProposal({ ...envelope, signatures: [{ sig: signature, keyid: '' }] }, verifier)
  return { bundle, loggable, proposal }
}

const answering = (bundle: Bundle, status: number) => ({
  status,
  headers: { etag: ENTRY_ID },
  body: JSON.stringify({ [ENTRY_ID]: logEntryOf(bundle) }),
})

for (const name of ['managed-key-happy-path', 'happy-path-v0.3', 'happy-path-intoto-in-dsse-v3'])
  t.test(`${name}: proposed, answered, and verified as it was`, async (t) => {
    const { bundle, loggable, proposal } = recordedCase(name)
    const log = await fakeService(t, () => answering(bundle, 201))
    const entry = await submitV1(impatient().ask, { url: `${log.url}/`, token: null }, loggable)
    t.match(log.asked, [{ method: 'POST', path: PATH }])
    t.same(JSON.parse(String(log.asked[0]?.body)), JSON.parse(proposal))
    t.same(entry, bundle.entries[0])
    const { artifact, trust } = readCase(name)
    const digests = new Map([
      ['SHA2_256', new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(artifact)))] as const,
    ])
    await t.resolves(verifyBundle({ ...bundle, entries: [entry] }, digests, trust()))
  })

t.test('what was logged before is fetched, from where the caller said', async (t) => {
  const { bundle, loggable } = recordedCase('managed-key-happy-path')
  const stranger = await fakeService(t, () => answering(bundle, 200))
  for (const location of [`${PATH}/${ENTRY_ID}`, `${stranger.url}${PATH}/${ENTRY_ID}`]) {
    const respond: Respond = ({ method }) =>
      method === 'POST' ? { status: 409, headers: { location } } : answering(bundle, 200)
    const log = await fakeService(t, respond)
    t.same(await submitV1(impatient().ask, { url: log.url, token: 'secret' }, loggable), bundle.entries[0])
    t.same(
      log.asked.map(({ method, path, headers }) => [method, path, headers.authorization]),
      [
        ['POST', PATH, 'Bearer secret'],
        ['GET', `${PATH}/${ENTRY_ID}`, 'Bearer secret'],
      ],
    )
  }
  t.same(stranger.asked, [], 'the log names no place')
})

t.test('a lost answer is asked for again', async (t) => {
  const { bundle, loggable } = recordedCase('managed-key-happy-path')
  const respond: Respond = ({ method }, nth) => {
    if (nth === 1) return null
    return method === 'POST' ? { status: 409, headers: { location: `${PATH}/${ENTRY_ID}` } } : answering(bundle, 200)
  }
  const log = await fakeService(t, respond)
  t.same(await submitV1(impatient().ask, { url: log.url, token: null }, loggable), bundle.entries[0])
})

t.test('refusals', async (t) => {
  const { loggable } = recordedCase('managed-key-happy-path')
  const cases: readonly (readonly [string, Respond, RegExp])[] = [
    [
      'a no',
      () => ({ status: 400, body: '{"code":400,"message":"error processing entry: bad"}' }),
      /answered 400: error proc/,
    ],
    ['too large', () => ({ status: 413 }), /answered 413/],
    ['a redirect', () => ({ status: 302, headers: { location: '/' } }), /answered 302/],
    ['nonsense', () => ({ status: 201, body: 'yes' }), /its answer cannot be read/],
    ['known, nowhere', () => ({ status: 409 }), /does not say where/],
    ['known, at no ID', () => ({ status: 409, headers: { location: '/x/../../secret' } }), /does not say where/],
    [
      'known, and gone',
      ({ method }) => (method === 'POST' ? { status: 409, headers: { location: ENTRY_ID } } : { status: 404 }),
      /answered 404/,
    ],
  ]
  for (const [name, respond, message] of cases) {
    const log = await fakeService(t, respond)
    const asked = submitV1(impatient().ask, { url: log.url, token: null }, loggable)
    await t.rejects(asked, { code: 'SERVICE_REFUSED', message }, name)
  }
})
