import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { formatPem } from '../../../src/formats/pki/pem.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import * as make from '../../dialects/rekor-v1/support.ts'
import { certificateFor, hashOf, P256, P384, P521, vector } from '../../dialects/rekor-v2/support.ts'

import { ENTRIES, entryIn, json, post, said, startServer } from './support.ts'

t.teardown(closeCrypto)

const EMAIL = 'publisher@example.org'
const RETRIEVE = '/api/v1/log/entries/retrieve'
const INDEX = '/api/v1/index/retrieve'
const server = await startServer(t)
const WORKFLOW = 'https://github.com/Example/MODEL/.github/workflows/release.yml@refs/heads/main'
/** A certificate for another spelling of the URI that it was made for; nobody checks its signature here. */
function withUri(uri: string): Uint8Array {
  const der = Buffer.from(certificateFor(P384, 'cert-uri-p384'))
  der.write(uri, der.indexOf('https://github.com/example'), 'latin1')
  return new Uint8Array(der)
}
const HELLO = vector('ssh/hello_world.txt')
const certificate = certificateFor(P256, 'cert-email-p256')
const proposals = {
  key: make.hashedRekord(P256),
  other: make.hashedRekord(P384),
  certificate: make.hashedRekord(P256, make.pem64(certificate, 'CERTIFICATE')),
  dsse: make.dsse([P384]),
  intoto: make.intotoV2([P521]),
  ssh: make.rekord('ssh', HELLO, vector('ssh/ed25519.sig'), vector('ssh/ed25519.pub')),
  minisign: make.rekord('minisign', HELLO, vector('minisign/hello_world.txt.minisig'), vector('minisign/minisign.pub')),
}
const ids: Record<string, string> = {}
for (const [name, proposal] of Object.entries(proposals)) {
  const [id = ''] = Object.keys(JSON.parse((await post(server, ENTRIES, proposal)).text))
  ids[id] = name
}
const idOf = (name: string) => Object.keys(ids).find((id) => ids[id] === name) ?? ''
const names = (found: readonly string[]) => found.map((id) => ids[id])

t.test('entries by ID, index and proposal', async (t) => {
  const retrieve = async (query: unknown, path = RETRIEVE) => {
    const { status, text } = await post(server, path, query)
    if (status !== 200) throw new Error(text)
    const found = JSON.parse(text) as object[]
    for (const one of found) await entryIn(t, server, one)
    return names(found.flatMap(Object.keys))
  }
  const [id, dsse] = [idOf('key'), idOf('dsse')]
  t.same(await retrieve({ entryUUIDs: [id] }), ['key'])
  t.same(await retrieve({ entryUUIDs: [id] }, `${RETRIEVE}/`), ['key'], 'with a slash at the end')
  t.same(await retrieve({ entryUUIDs: [id.slice(16).toUpperCase(), dsse] }), ['key', 'dsse'])
  t.same(await retrieve({ logIndexes: [1, 0, 99] }), ['other', 'key'], 'what is not there is left out')
  t.same(await retrieve({ entryUUIDs: ['ab'.repeat(32)] }), [])
  t.same(await retrieve({ entries: [proposals.dsse, make.intotoV1(P384)] }), ['dsse'], 'as older cosign asks')
  t.same(await retrieve({ entries: [proposals.intoto], logIndexes: [2], entryUUIDs: [dsse] }), [
    'dsse',
    'intoto',
    'certificate',
  ])
  t.same(await retrieve({}), [])
  t.same(await retrieve({ entries: null, more: 1 }), [])
})

t.test('what is no question', async (t) => {
  const eleven = Array(11).fill(1)
  for (const [query, answer] of [
    ['[]', /^422 601 /],
    [{ entryUUIDs: 'x' }, /^422 601 entryUUIDs in body must be of type array/],
    [{ entryUUIDs: [] }, /^422 612 /],
    [{ logIndexes: eleven }, /^422 611 logIndexes in body should have at most 10 items/],
    [
      { logIndexes: [1, 2, 3, 4, 5, 6], entryUUIDs: Array(5).fill('ab'.repeat(32)) },
      /^422 611 more than max allowed 10/,
    ],
    [{ entryUUIDs: ['xyz'] }, /^422 605 entryUUIDs.0 in body should match/],
    [{ entryUUIDs: [1] }, /^422 605 /],
    [{ logIndexes: [1.5] }, /^422 601 logIndexes.0 in body must be of type integer/],
    [{ logIndexes: ['1'] }, /^422 601 /],
    [{ logIndexes: [-1] }, /^422 609 /],
    [{ entries: [{ ...proposals.key, kind: 'tuf' }] }, /^400 400 error processing entry: kind: /],
    [{ entries: [{ ...proposals.key, kind: 'any' }] }, /^422 422 invalid kind value: "any"/],
    [{ entries: [1] }, /^400 400 error processing entry: /],
  ] as const)
    t.match(said(await post(server, RETRIEVE, query)), answer, JSON.stringify(query).slice(0, 60))
  for (const [query, answer] of [
    ['[]', /^422 601 /],
    [{ hash: 'ab' }, /^422 605 hash in body/],
    [{ hash: `sha512:${'ab'.repeat(32)}` }, /^422 605 /],
    [{ hash: 1 }, /^422 601 hash in body must be of type string/],
    [{ operator: 'xor', hash: 'ab'.repeat(32) }, /^422 606 /],
    [{ subject: 'a'.repeat(513) }, /^422 603 /],
    [{ publicKey: 'x' }, /^422 601 /],
    [{ publicKey: { format: 'x509' } }, /^422 602 /],
    [{ publicKey: { content: 'AA==' } }, /^422 602 publicKey.format /],
    [
      { publicKey: { format: 'pem', content: 'AA==' } },
      /^422 606 publicKey.format in body should be one of \[pgp x509 /,
    ],
    [{ publicKey: { format: 'constructor', content: 'AA==' } }, /^422 606 /],
    [{ publicKey: { format: 'pgp', content: 'AA==' } }, /^400 400 the PKI format requested is not supported/],
    [
      { publicKey: { format: 'ssh', content: make.pem64(P256.spki) } },
      /^400 400 public key provided could not be parsed/,
    ],
    [{ publicKey: { format: 'x509', content: 1 } }, /^422 601 /],
    [{ publicKey: { format: 'x509', url: 'http://localhost/key' } }, /^422 602 /],
    [{ publicKey: { format: 'x509', content: 'AA==' } }, /^400 400 /],
  ] as const)
    t.match(said(await post(server, INDEX, query)), answer, JSON.stringify(query).slice(0, 60))
})

t.test('search: exact, in the order of the log, at once', async (t) => {
  const search = async (query: unknown) => {
    const { status, text } = await post(server, INDEX, query)
    if (status !== 200) throw new Error(text)
    return names(JSON.parse(text) as string[])
  }
  const sha256 = (bytes: Uint8Array) => hex(hashOf('SHA2_256', bytes))
  const hello = sha256(utf8('hello'))
  const x509 = (content: string) => ({ publicKey: { format: 'x509', content } })
  const tool = (name: 'ssh' | 'minisign') => {
    const { format, publicKey } = proposals[name].spec.signature
    return { publicKey: { format, ...publicKey } }
  }
  const subject = make.STATEMENT.subject[0]?.digest.sha256 ?? ''
  const all: [query: object, found: string[]][] = [
    [{ hash: hello }, ['key', 'certificate']],
    [{ hash: `SHA256:${hello.toUpperCase()}` }, ['key', 'certificate']],
    [{ hash: `sha256:${sha256(make.PAYLOAD)}` }, ['dsse', 'intoto']],
    [{ hash: `sha256:${subject}` }, ['dsse', 'intoto']],
    [{ hash: make.STATEMENT.predicate.materials[0]?.digest.sha1 }, ['dsse', 'intoto']],
    [{ hash: `sha256:${sha256(utf8(formatPem(P384.spki, 'PUBLIC KEY')))}` }, ['other', 'dsse']],
    [{ hash: 'ab'.repeat(20) }, []],
    [x509(make.pem64(P384.spki)), ['other', 'dsse']],
    [x509(make.pem64(P256.spki)), ['key', 'certificate']],
    [x509(make.pem64(certificate, 'CERTIFICATE')), ['certificate']],
    [tool('ssh'), ['ssh']],
    [tool('minisign'), ['minisign']],
    [{ hash: sha256(HELLO) }, ['ssh', 'minisign']],
    [{ email: EMAIL }, ['certificate']],
    [{ email: EMAIL.toUpperCase() }, ['certificate']],
    [{ subject: EMAIL }, ['certificate']],
    [{ email: 'nobody@example.com' }, []],
    [{ email: EMAIL, hash: sha256(make.PAYLOAD) }, ['certificate', 'dsse', 'intoto']],
    [{ email: EMAIL, hash: hello, operator: 'and' }, ['certificate']],
    [{ ...x509(make.pem64(P384.spki)), hash: sha256(make.PAYLOAD), operator: 'and' }, ['dsse']],
    [{ email: EMAIL, hash: sha256(make.PAYLOAD), operator: 'and' }, []],
    [{ operator: 'and' }, []],
    [{}, []],
    [{ email: '', hash: null }, []],
  ]
  for (const [query, found] of all) t.same(await search(query), found, JSON.stringify(query).slice(0, 80))
  t.equal(((await json(server, '/api/v1/log')) as { treeSize: number }).treeSize, 7)
})

t.test('a name is found in whatever case, as in Rekor', async (t) => {
  const certified = {
    uri: withUri(WORKFLOW),
    lower: withUri(WORKFLOW.toLowerCase()),
    names: certificateFor(P521, 'cert-names-p521'),
  }
  for (const [name, der] of Object.entries(certified)) {
    const key = name === 'names' ? P521 : P384
    const { status, text } = await post(server, ENTRIES, make.hashedRekord(key, make.pem64(der, 'CERTIFICATE')))
    t.equal(status, 201, name)
    ids[Object.keys(JSON.parse(text))[0] ?? ''] = name
  }
  const uris = [WORKFLOW, WORKFLOW.toLowerCase(), WORKFLOW.toUpperCase()].map((one) => [one, ['uri', 'lower']] as const)
  const others = ['Publisher!Example.org', '2001:DB8::1:0:0:7', '*.EXAMPLE.org'].map((one) => [one, ['names']] as const)
  for (const [subject, found] of [
    ...uris,
    ...others,
    ['PUBLISHER@example.ORG', ['certificate', 'names']] as const,
    [WORKFLOW.replace('MODEL', 'OTHER'), []] as const,
    [WORKFLOW.replace('https', 'http'), []] as const,
  ])
    t.same(names(JSON.parse((await post(server, INDEX, { subject })).text) as string[]), found, subject)
})
