/** `custody` and signers with a certificate: dated by the promise of a v1 log, or by the timestamp in a bundle of the caller's. */

import { mkdirSync } from 'node:fs'
import t from 'tap'
import { dsse, ecKey, hashedRekord, pae } from '../../http/requests.ts'
import { authorities, ISSUER } from './authorities.ts'
import { lying } from './liar.ts'
import { desk, digest, logV1, logV2, post, provenance, TYPE, verifierOf } from './support.ts'

const { folder, write, serverWith } = desk(t)
const { certify, flags, stamp } = authorities(folder)
const ME = 'me@example.com'
const me = certify(ME)
const named = ['--certificate-identity', ME, '--certificate-oidc-issuer', ISSUER]
const MADE = digest(1)
const payload = provenance({ made: MADE, from: [digest(2)], name: 'model' })
const ASKED = [`sha256:${MADE}`, ...named]

/** What a client that asked the timestamp authority would have written. */
function bundleOf(received: string, key: typeof me, signed = payload): string {
  const entry = JSON.parse(received)
  const { envelope } = dsse(key, signed, TYPE)
  // The signature in the entry, and not another one.
  const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString())
  const sig = body.spec.hashedRekordV002.signature.content as string
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: key.spki.toString('base64') },
      tlogEntries: [entry],
      timestampVerificationData: {
        rfc3161Timestamps: [{ signedTimestamp: Buffer.from(stamp(Buffer.from(sig, 'base64'))).toString('base64') }],
      },
    },
    dsseEnvelope: { ...envelope, signatures: [{ sig }] },
  })
}

t.test('through v1: the promise dates it', async (t) => {
  const { server, json } = await serverWith([[payload, me]], logV1, flags)
  const found = await json(ASKED)
  t.match(found, { code: 0, outcome: 'verified', faults: [] })
  t.match(found.statements[0].signatures, [{ signer: `${ME} (${ISSUER})`, isNamed: true, origin: /^log\.example - / }])
  const unsaid = await lying(t, server.url, {
    path: /^\/logs\/v1\/entries/,
    change: (body) => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), promise: null })),
  })
  t.match(await json(ASKED, unsaid), { code: 3, faults: [{ code: 'TIME_MISSING' }] }, 'a promise that is not shown')
  const older = await lying(t, server.url, {
    path: /^\/logs\/v1\/entries/,
    change: (body) => {
      const entry = JSON.parse(body.toString())
      entry.promise.integratedTime -= 86_400
      return Buffer.from(JSON.stringify(entry))
    },
  })
  t.match(await json(ASKED, older), { code: 1, faults: [{ code: 'PROMISE_INVALID', isLie: true }] }, 'another time')
})

t.test('through v2: not dated, and a bundle dates it', async (t) => {
  const { server, custody, json } = await serverWith([], logV2, flags)
  const bundle = write('me.sigstore.json', bundleOf(await logV2(server, payload, me), me))
  const undated = await custody(ASKED)
  t.match(undated, { code: 3, printed: /^COULD NOT BE DETERMINED/ })
  const words = `${ME} (${ISSUER}) by certificate, not dated: cannot be verified offline; give the bundle with --bundle`
  t.ok(
    undated.printed.includes(`│  GAP: /logs/v2/entries/0: TIME_MISSING: ${words}`),
    'at the artifact that it is about',
  )
  const found = await json([...ASKED, '--bundle', bundle])
  t.match(found, { code: 0, outcome: 'verified', faults: [], unused: [] })
  t.equal(found.statements[0].signatures.length, 1, 'the entry, listed and in a bundle, is one')
  t.equal(found.statements[0].signatures[0].place, '/logs/v2/entries/0', 'at the server')
  const bill = JSON.parse((await custody([...ASKED, '--bundle', bundle, '--format', 'cyclonedx'])).printed)
  t.equal(bill.components[0].externalReferences[0].url, `${server.url}/logs/v2/entries/0`)
  t.equal((await json([...ASKED, '--bundle', folder])).code, 0, 'or a directory of them')

  const other = provenance({ made: MADE, from: [digest(3)] })
  const elsewhere = write('other.sigstore.json', bundleOf(await logV2(server, other, me), me, other))
  t.match(
    await json([...ASKED, '--bundle', elsewhere]),
    { code: 3, faults: [{ code: 'TIME_MISSING' }] },
    'of another signature',
  )
  t.match(await json([...ASKED, '--bundle', elsewhere, '--bundle', bundle]), { code: 0, faults: [] })

  const hidden = await lying(t, server.url, { path: /^\/attachments/, change: null })
  const both = ['--bundle', elsewhere, '--bundle', bundle]
  t.match(await json([...ASKED, ...both], hidden), { code: 0, faults: [] }, 'what the server withholds is in them too')
  const silent = await lying(t, server.url, {
    path: /custody/,
    change: (body) => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), statements: [], more: [] })),
  })
  t.match(await json([...ASKED, ...both], silent), { code: 0, statements: { length: 2 } }, 'and what it does not list')
})

t.test('strangers by certificate, who are not dated, are passed over', async (t) => {
  const { json } = await serverWith([[payload, certify('you@example.com')]], logV2, flags)
  t.match(await json(ASKED), { code: 3, faults: [], passedOver: 1 })
})

t.test('whoever makes himself a certificate in the name of the named leaves nothing open', async (t) => {
  mkdirSync(`${folder}/elsewhere`)
  const forged = authorities(`${folder}/elsewhere`).certify(ME)
  const other = provenance({ made: MADE, from: [digest(3)] })
  for (const log of [logV1, logV2]) {
    const { server, json, custody } = await serverWith([[payload, me]], logV1, flags)
    await log(server, other, forged)
    const warnings = [
      new RegExp(`^1 in the name of ${ME} \\(${ISSUER}\\), by a certificate that leads to no authority`),
    ]
    const found = await json(ASKED)
    t.match(found, { code: 0, statements: { length: 1 }, faults: [], passedOver: 1, warnings })
    t.match((await custody(ASKED)).printed, /^VERIFIED: model\n {2}1 in the name of /)
  }
})

t.test('a bundle that proves nothing', async (t) => {
  const { server, json, custody } = await serverWith([], logV2, flags)
  const good = bundleOf(await logV2(server, payload, me), me)
  const changed = (name: string, change: (bundle: ReturnType<typeof JSON.parse>) => void) => {
    const bundle = JSON.parse(good)
    change(bundle)
    return write(`${name}.json`, JSON.stringify(bundle))
  }
  const { verificationMaterial } = JSON.parse(good)
  const row: readonly [string, string, object][] = [
    [
      'another timestamp',
      changed('stamp', (one) => {
        const bytes = stamp(Buffer.from('another'))
        one.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp =
          Buffer.from(bytes).toString('base64')
      }),
      { code: 1, unused: [{ code: 'TIMESTAMP_INVALID' }] },
    ],
    [
      'another proof',
      changed('proof', (one) => {
        one.verificationMaterial.tlogEntries[0].inclusionProof.rootHash = Buffer.alloc(32).toString('base64')
      }),
      { code: 0, unused: [{ code: 'PROOF_INVALID' }] },
    ],
    [
      'no entry',
      changed('entry', (one) => {
        one.verificationMaterial = { ...verificationMaterial, tlogEntries: [] }
      }),
      { code: 0, unused: [{ code: 'LOG_NOT_TRUSTED' }] },
    ],
  ]
  const hidden = await lying(t, server.url, { path: /^\/attachments/, change: null })
  const unproven = ['--bundle', row[1]?.[1] ?? '']
  t.match(
    await json([...ASKED, ...unproven], hidden),
    { code: 0, faults: [] },
    'its content and time fit the entry all the same',
  )
  for (const [name, path, expected] of row) t.match(await json([...ASKED, '--bundle', path]), expected, name)
  t.match((await custody([...ASKED, '--bundle', row[2]?.[1] ?? ''])).printed, /entry\.json: LOG_NOT_TRUSTED: /)
  for (const argv of [
    ['--bundle', write('none.json', '{}')],
    ['--bundle', `${folder}/absent`],
  ])
    t.match(await custody([...ASKED, ...argv]), { code: argv[1]?.endsWith('absent') ? 3 : 2 })
  const many = `${folder}/many`
  mkdirSync(many)
  for (let i = 0; i < 1001; i++) write(`many/${i}.sigstore.json`, '')
  t.match(await custody([...ASKED, '--bundle', many]), { code: 2, warned: /more than 1000 bundles/ })
})

t.test('nor do seventy of them hide what he signed after them', async (t) => {
  mkdirSync(`${folder}/crowd`)
  const forged = authorities(`${folder}/crowd`).certify(ME)
  const { server, json } = await serverWith([[payload, ecKey()]], logV2, flags)
  const byDigest = (key: typeof me) => {
    const { signature, ...hashed } = hashedRekord(key, pae(TYPE, payload))
    const signed = { ...signature, verifier: verifierOf(key) }
    return post(server, '/api/v2/log/entries', { hashedRekordRequestV002: { ...hashed, signature: signed } })
  }
  for (let i = 0; i < 70; i++) await byDigest(forged)
  await byDigest(me)
  t.match(await json(ASKED), { code: 3, faults: [{ code: 'TIME_MISSING', place: '/logs/v2/entries/71' }] })
})
