import t from 'tap'
import { formatOmsStatement } from '../../../src/formats/model/oms.ts'
import {
  claimedStatement,
  isStatement,
  namedDigests,
  parseLogged,
  parseStatement,
} from '../../../src/formats/sigstore/statement.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

const parse = (json: unknown) => parseStatement(utf8(JSON.stringify(json)))
const whole = {
  _type: 'https://in-toto.io/Statement/v1',
  predicateType: 'https://example.com/p',
  predicate: { anything: [1, null] },
  subject: [{ name: 'a', digest: { sha256: 'ab', gitCommit: 'not hex', sha512: 'AB' } }, { digest: { sha1: '00' } }],
}

t.test('subjects and their digests', async (t) => {
  const { subjects, predicateType } = parse(whole)
  t.equal(predicateType, 'https://example.com/p')
  t.same(
    subjects.map(({ name, digests }) => [name, [...digests.keys()]]),
    [
      ['a', ['sha256']],
      ['', ['sha1']],
    ],
  )
  t.equal(parse({ ...whole, _type: 'https://in-toto.io/Statement/v0.1' }).subjects.length, 2)
})

t.test('refused', async () => {
  for (const other of [
    [],
    'text',
    { ...whole, _type: 'https://in-toto.io/Statement/v2' },
    { ...whole, predicateType: '' },
    { ...whole, subject: [] },
    { ...whole, subject: {} },
    { ...whole, subject: ['a'] },
    { ...whole, subject: [{ name: 'a' }] },
    { ...whole, subject: [{ name: 'a', digest: 'sha256' }] },
  ])
    refused(() => parse(other), 'ENVELOPE_MALFORMED', JSON.stringify(other).slice(0, 60))
  refused(() => parseStatement(utf8('{"_type":1,"_type":2}')), 'JSON_DUPLICATE_KEY', 'a key twice')
})

t.test('a model of a hundred thousand files is a statement', async (t) => {
  const digest = new Uint8Array(32)
  const resources = Array.from({ length: 100_000 }, (_, i) => ({ name: String(i), digest }))
  const payload = formatOmsStatement({ model: 'm', resources, ignorePaths: [], allowSymlinks: false })
  t.equal(parseStatement(payload).subjects.length, 1)
})

t.test('digests of subjects, and of what they were made from', async (t) => {
  const digests = (json: unknown) =>
    namedDigests(parseLogged(utf8(JSON.stringify(json))), 100).map(
      ({ algorithm, digest }) => `${algorithm}:${hex(digest)}`,
    )
  t.same(digests(whole), ['sha256:ab', 'sha512:ab', 'sha1:00'])
  const materials = [{ uri: 'a', digest: { sha1: '01' } }, { uri: 'b' }, { digest: { sha1: '01' } }]
  const buildDefinition = { resolvedDependencies: [{ digest: { gitCommit: '02' } }] }
  t.same(digests({ predicate: { materials, buildDefinition } }), ['sha1:01', 'gitCommit:02'])
  for (const other of [
    1,
    [],
    {},
    { subject: {} },
    { subject: [null], predicate: 'text' },
    { predicate: { materials: 1 } },
  ])
    t.same(digests(other), [], JSON.stringify(other))
  for (const digest of [[], { 'a:b': 'ab' }, { sha1: 'abc' }, { sha1: '' }, { sha1: 'ab'.repeat(129) }, { sha1: 1 }])
    t.same(digests({ subject: [{ digest }] }), [], JSON.stringify(digest).slice(0, 40))
  refused(() => namedDigests(parseLogged(utf8('{')), 100), 'JSON_MALFORMED', 'no JSON')
  const two = utf8('{"subject":[{"digest":{"a":"ab","b":"ab"}},{"digest":{"a":"ab","b":"xyz"}}]}')
  t.equal(namedDigests(parseLogged(two), 2).length, 2, 'a digest that is named twice is one, and what is none is none')
  refused(() => namedDigests(parseLogged(two), 1), 'ENVELOPE_MALFORMED', 'more than are wanted')
})

t.test('claims may have numbers that are exact nowhere here', async (t) => {
  const payload = utf8(
    JSON.stringify({ ...whole, predicate: 0 }).replace('"predicate":0', '"predicate":{"ns":1732645678123456789}'),
  )
  t.equal(parseStatement(payload).subjects.length, 2)
  t.ok(isStatement(payload))
  t.equal(namedDigests(parseLogged(payload), 100).length, 3)
})

t.test('of a statement that is to be logged, so much is read that nobody waits for long', async (t) => {
  const holding = (values: number) => utf8(JSON.stringify({ ...whole, predicate: Array(values).fill(1) }))
  t.ok(isStatement(holding(240_000)))
  t.equal(namedDigests(claimedStatement(holding(240_000)), 100).length, 3)
  refused(() => namedDigests(parseLogged(holding(250_000)), 100), 'JSON_TOO_LARGE', 'more values')
  t.notOk(isStatement(holding(250_000)))
  t.same(namedDigests(claimedStatement(holding(250_000)), 100), [])
})
