/** `custody` over bills of materials that are in no statement, over several signers of one statement, and over what is too long. */

import { createHash } from 'node:crypto'
import t from 'tap'
import { dsse, ecKey, hashedRekord, type Key, pae } from '../../http/requests.ts'
import { ask, type TestServer } from '../../http/support.ts'
import { command } from '../support.ts'
import { lying } from './liar.ts'
import { desk, digest, logV1, logV2, pem64, post, provenance, sha256, statement, TYPE } from './support.ts'

const { write, serverWith, mine, signer, stranger } = desk(t)
const [MODEL, BASE, DATA] = [digest(1), digest(2), digest(3)]
const hashes = (content: string) => [{ alg: 'SHA-256', content }]
const BOM = Buffer.from(
  JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    metadata: {
      component: {
        ...{ type: 'machine-learning-model', name: 'model', hashes: hashes(MODEL) },
        pedigree: { ancestors: [{ type: 'machine-learning-model', name: 'base', hashes: hashes(BASE) }] },
      },
    },
    components: [{ type: 'data', name: 'corpus', hashes: hashes(DATA) }],
  }),
)
const SPDX = Buffer.from(
  JSON.stringify({
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      { type: 'SpdxDocument', spdxId: 'urn:doc', rootElement: ['urn:m'] },
      { spdxId: 'urn:m', name: 'model', verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: MODEL }] },
      { spdxId: 'urn:d', name: 'corpus', verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: DATA }] },
      { relationshipType: 'trainedOn', from: 'urn:m', to: ['urn:d'] },
    ],
  }),
)
const ASKED = [`sha256:${MODEL}`, ...mine]

const signV2 = (server: TestServer, file: Buffer, key: Key = signer) =>
  post(server, '/api/v2/log/entries', { hashedRekordRequestV002: hashedRekord(key, file) })

function signV1(server: TestServer, file: Buffer, key: Key = signer): Promise<string> {
  const { signature } = hashedRekord(key, file)
  const data = { hash: { algorithm: key.digest, value: createHash(key.digest).update(file).digest('hex') } }
  const spec = { data, signature: { content: signature.content, publicKey: { content: pem64(key) } } }
  return post(server, '/api/v1/log/entries', { kind: 'hashedrekord', apiVersion: '0.0.1', spec })
}

const put = (server: TestServer, content: Buffer) =>
  ask(server, `/attachments/sha256:${sha256(content)}`, {
    method: 'PUT',
    body: content,
    headers: { 'content-type': 'application/octet-stream' },
  })

const edgesOf = (found: { edges: { role: string; from: string; state: string }[] }) =>
  found.edges.map(({ role, from, state }) => `${role} ${Number.parseInt(from.slice(-2), 16)} ${state}`).sort()

t.test('as an envelope, as a file whose content is brought, and as a file of the caller', async (t) => {
  const types = [
    ['CycloneDX', BOM, 'application/vnd.cyclonedx+json; version=1.7', ['base-model 2 claimed', 'dataset 3 claimed']],
    ['SPDX', SPDX, 'application/spdx+json', ['dataset 3 claimed']],
  ] as const
  for (const [name, bill, type, edges] of types)
    for (const [log, send, sign] of [
      ['v1', logV1, signV1],
      ['v2', logV2, signV2],
    ] as const) {
      const enveloped = await serverWith([])
      await send(enveloped.server, bill, signer, type)
      t.match(await enveloped.json(ASKED), { code: 0, faults: [] }, `${name}, ${log}`)
      t.same(edgesOf(await enveloped.json(ASKED)), edges)

      const { server, json, custody } = await serverWith([])
      await sign(server, bill)
      t.match(await json(ASKED), { code: 3, statements: [] }, 'the log knows a digest alone')
      const given = [...ASKED, '--document', write(`bill.${log}.json`, bill)]
      const found = await json(given)
      t.match(found, { code: 0, faults: [], unused: [], statements: [{ signatures: [{ isNamed: true, index: 0 }] }] })
      t.same(edgesOf(found), edges)
      t.equal((await put(server, bill)).status, 201)
      const shown = await json(ASKED)
      t.match(shown, { code: 0, faults: [] }, 'once its content is there, it is found')
      t.same(edgesOf(shown), edges)
      t.match(await json(given), { code: 0, statements: { length: 1 } })
      const changed = Buffer.from(bill.toString().replace('corpus', 'c0rpus'))
      t.match(await custody([...ASKED, '--document', write('changed.json', changed)]), {
        code: 0,
        printed: /changed\.json: NOT_FOUND: no signature over it is in a log/,
      })
      const liar = await lying(t, server.url, { path: /^\/attachments/, change: () => changed })
      t.match(
        await json(ASKED, liar),
        { code: 1, faults: [{ code: 'ARTIFACT_MISMATCH', isLie: true }] },
        'another file',
      )
      const none = await lying(t, server.url, { path: /^\/attachments/, change: () => Buffer.from('{}') })
      t.match(await json(ASKED, none), { code: 1, faults: [{ isLie: true }] }, 'no bill')
    }
})

t.test('a document leads on, where the server would not', async (t) => {
  const { server, json } = await serverWith([[provenance({ made: BASE, from: [digest(4)], name: 'base' }), signer]])
  await signV2(server, BOM)
  const found = await json([...ASKED, '--document', write('bill.json', BOM)])
  t.same(edgesOf(found), [' 4 claimed', 'base-model 2 verified', 'dataset 3 claimed'])
  const down = await json([`sha256:${DATA}`, ...mine, '--direction', 'down', '--document', write('bill.json', BOM)])
  t.ok(down.artifacts.some(({ name }: { name: string }) => name === 'model'))
  const bundle = JSON.parse(await signV2(server, SPDX))
  const message = (content: object) => ({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [bundle] },
    messageSignature: content,
  })
  const { signature } = JSON.parse(Buffer.from(bundle.canonicalizedBody, 'base64').toString()).spec.hashedRekordV002
  const messageDigest = (file: Buffer) => ({
    algorithm: 'SHA2_256',
    digest: createHash('sha256').update(file).digest('base64'),
  })
  const own = (name: string, file: Buffer) =>
    write(name, JSON.stringify(message({ messageDigest: messageDigest(file), signature: signature.content })))
  const document = ['--document', write('spdx.json', SPDX)]
  const blind = await lying(t, server.url, {
    path: /^\/entries/,
    change: (body) => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), entries: [] })),
  })
  t.match(await json([...ASKED, ...document], blind), { code: 3, unused: [{ code: 'NOT_FOUND' }] })
  const bundled = await json([...ASKED, ...document, '--bundle', own('spdx.sigstore.json', SPDX)], blind)
  t.match(bundled, { code: 0, unused: [], statements: [{ signatures: [{ place: /spdx\.sigstore\.json$/ }] }] })
  t.match(await json([...ASKED, ...document, '--bundle', own('other.sigstore.json', BOM)], blind), { code: 3 })
  for (const [name, content] of [
    ['text', 'hello'],
    ['json', '{}'],
  ] as const)
    t.match(await json([...ASKED, '--document', write(name, content)]), { code: 2, warned: /no bill of materials/ })
})

t.test('all who signed a statement, however few came with the content', async (t) => {
  const payload = provenance({ made: MODEL, from: [BASE] })
  const content = pae(TYPE, payload)
  for (const curve of ['P-256', 'P-384'] as const) {
    const other = ecKey(curve)
    const { server, json } = await serverWith([[payload, stranger]])
    await signV2(server, content, signer) // by its digest alone
    await signV2(server, content, other)
    await signV1(server, content, other)
    const found = await json(ASKED)
    t.match(found, { code: 0, faults: [], statements: { length: 1 } }, 'the named is found by the digest')
    const signatures = found.statements[0].signatures as { isNamed: boolean; origin: string }[]
    t.same(
      signatures.map(({ isNamed, origin }) => `${isNamed} ${origin.slice(0, 13).trim()}`).sort(),
      ['false log.example', 'false log.example', 'false log.example -', 'true log.example'],
      curve,
    )
  }
})

t.test('strangers who sign the same do not crowd out the named', async (t) => {
  const payload = provenance({ made: MODEL })
  const content = pae(TYPE, payload)
  const { server, json } = await serverWith([[payload, stranger]])
  for (let i = 0; i < 70; i++) await signV2(server, content, ecKey())
  await signV2(server, content, signer)
  const found = await json(ASKED)
  t.equal(found.code, 0)
  t.equal(found.statements[0].signatures.length, 65, 'of the others the first')
  t.match(await json([...ASKED, '--limit', '10']), { code: 3, cut: true })
})

t.test('a statement of more digests than are looked at says so', async (t) => {
  const from = Array.from({ length: 5000 }, (_, i) => digest(1000 + i))
  const { server, custody, json } = await serverWith([])
  const long = provenance({ made: MODEL, from })
  await logV2(server, long, signer)
  const { code, faults, reasons, statements, edges } = await json(ASKED)
  t.match([code, faults, reasons, statements[0].cut], [3, [], [/names more/], ['dependencies']])
  t.equal(edges.length, 4095)
  t.ok((await custody(ASKED)).printed.includes('GAP: of its dependencies the first are looked at'))
  const down = await json([`sha256:${from[0]}`, ...mine, '--direction', 'down'])
  t.ok(
    down.artifacts.some(({ id }: { id: string }) => id === `sha256:${MODEL}`),
    'the first lead on',
  )
  const oms = JSON.parse(statement('oms').toString())
  oms.predicate.resources = from.map((one, i) => ({ name: `${i}`, algorithm: 'sha256', digest: one }))
  oms.subject[0].digest.sha256 = digest(9)
  await logV2(server, Buffer.from(JSON.stringify(oms)), signer)
  const parted = await json([`sha256:${digest(9)}`, ...mine])
  t.match([parted.code, parted.statements[0].cut], [0, ['parts']], 'parts lead nowhere')
})

t.test("a stranger's decides nothing", async (t) => {
  const from = Array.from({ length: 5000 }, (_, i) => digest(1000 + i))
  const { json } = await serverWith([
    [provenance({ made: MODEL, from }), stranger],
    [provenance({ made: MODEL }), signer],
  ])
  t.equal((await json(ASKED)).code, 0)
})

t.test('what the operator took back counts as before for who has it', async (t) => {
  const { server, json } = await serverWith([])
  const payload = provenance({ made: MODEL, from: [BASE] })
  const entry = JSON.parse(await logV2(server, payload, signer))
  const { signature } = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString()).spec.hashedRekordV002
  await signV2(server, BOM)
  t.equal((await put(server, BOM)).status, 201)
  const given = [
    ...['--document', write('bill.json', BOM), '--bundle'],
    write(
      'model.sigstore.json',
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [entry] },
        dsseEnvelope: { ...dsse(signer, payload, TYPE).envelope, signatures: [{ sig: signature.content }] },
      }),
    ),
  ]
  const all = { code: 0, faults: [], withdrawn: [], statements: { length: 2 }, unused: [] }
  t.match(await json([...ASKED, ...given]), all)
  for (const content of [BOM, pae(TYPE, payload)]) {
    const argv = ['withdraw', 'v2', `sha256:${sha256(content)}`, '--reason', 'by order', '--yes', '--data', server.dir]
    t.equal((await command(argv)).code, 0)
    t.equal((await put(server, content)).status, 410)
  }
  await signV2(server, BOM)
  const gone = { isNamed: true, reason: 'by order' }
  t.match(await json(ASKED), { code: 3, faults: [], statements: [], withdrawn: { length: 2, 0: gone, 1: gone } })
  t.match(await json([...ASKED, ...given]), all)
  const liar = await lying(t, server.url, {
    path: /custody/,
    change: (body) => Buffer.from(body.toString().replaceAll(/("entry":"\/logs\/v2\/entries\/)\d+/g, '$10')),
  })
  t.match(await json([...ASKED, ...given], liar), { code: 1, faults: [{ isLie: true }] }, 'by another entry')
})
