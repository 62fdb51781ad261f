import { readFileSync } from 'node:fs'
import t from 'tap'
import type { JsonObject } from '../../../src/formats/json.ts'
import { MAX_STATEMENT_DIGESTS } from '../../../src/formats/lineage/bound.ts'
import { type CustodyArtifact, custodyOf, parseCustody } from '../../../src/formats/lineage/statement.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

const V = new URL('../../vectors/custody/', import.meta.url)
const toy = (name: string) => parseCustody(readFileSync(new URL(`stmt-${name}.json`, V)))
const sha256 = (byte: string) => `sha256:${byte.repeat(32)}`
const digest = (byte: string) => ({ sha256: byte.repeat(32) })
const fed = (statement: object) =>
  custodyOf(JSON.parse(JSON.stringify(statement))).dependencies.map(({ digests, role }) => [digests[0], role])
const short = ({ digests, role, link }: CustodyArtifact) => [
  digests.map((text) => text.slice(0, 14)),
  role,
  link?.slice(0, 8),
]

t.test('the toy chain: each step, what it made and from what', async (t) => {
  const chain = {
    dataset: [[['gitCommit:2f6c'], 'source', undefined]],
    base: [
      [['dirHash:0128bd', 'rfc6962_sha256'], 'dataset', '2280ab48'],
      [['gitCommit:9d8c'], 'training-code', undefined],
      [['sha256:aaaaaaa'], 'environment', undefined],
    ],
    finetune: [
      [['sha256:f3316d9'], 'base-model', 'eb0b1065'],
      [['sha256:bbbbbbb'], 'dataset', undefined],
    ],
    quantize: [
      [['sha256:4146e09'], 'weights', '41846e0c'],
      [['gitCommit:d997'], 'tool', undefined],
    ],
    fuse: [
      [['sha256:7c36e12'], 'runtime', undefined],
      [['sha256:7d03936'], 'weights', 'ee85e3c3'],
      [['sha256:35df317'], 'args', undefined],
      [['gitCommit:6b46'], 'tool', undefined],
    ],
    svr: [],
    oms: [],
  }
  for (const [name, expected] of Object.entries(chain)) {
    const cut = expected.map(([digests, ...rest]) => [(digests as string[]).map((text) => text.slice(0, 14)), ...rest])
    t.same(toy(name).dependencies.map(short), cut, name)
    t.ok(toy(name).subjects.flatMap(({ digests }) => digests).length > 0, name)
  }
  const { subjects } = toy('quantize')
  t.same(subjects[0]?.digests.length, 2, 'a file and its weights are one artifact')
  t.same(
    [...toy('quantize').completeness],
    [
      ['calibration', 'none'],
      ['tool', 'all'],
      ['weights', 'all'],
    ],
  )
  t.equal(toy('fuse').buildType, 'https://lineage.example/buildtypes/fuse-llamafile/v1')
  t.same(toy('svr').properties, ['LINEAGE_FUSE_REPRODUCED', 'LINEAGE_NO_UNREFERENCED_BYTES'])
  t.same(
    toy('oms').parts.map(({ name }) => name),
    ['config.json', 'model.safetensors'],
  )
})

const STATEMENT = { _type: 'https://in-toto.io/Statement/v1', subject: [{ name: 'a', digest: digest('0a') }] }

t.test('other predicates', async (t) => {
  for (const [name, predicateType, predicate, expected] of [
    [
      'SLSA v0.2',
      'https://slsa.dev/provenance/v0.2',
      { materials: [{ uri: 'x', digest: digest('01') }] },
      [[sha256('01'), 'material']],
    ],
    [
      'in-toto link',
      'https://in-toto.io/attestation/link/v0.3',
      { materials: [{ digest: digest('02') }] },
      [[sha256('02'), 'material']],
    ],
    [
      'reference',
      'https://in-toto.io/attestation/reference/v0.1',
      { references: [{ digest: digest('03') }] },
      [[sha256('03'), 'reference']],
    ],
    [
      'CycloneDX: ancestors, data sets, components',
      'https://cyclonedx.org/bom/v1.7',
      {
        components: [
          {
            ...{ type: 'machine-learning-model', name: 'gguf', hashes: [{ alg: 'SHA-256', content: '0a'.repeat(32) }] },
            pedigree: {
              ancestors: [
                {
                  name: 'ft',
                  hashes: [{ alg: 'SHA-256', content: '04'.repeat(32) }],
                  pedigree: { ancestors: [{ hashes: [{ alg: 'SHA-512', content: '05'.repeat(64) }] }] },
                },
              ],
            },
            modelCard: { modelParameters: { datasets: [{ ref: 'corpus' }, { ref: 'nowhere' }] } },
          },
          { type: 'data', 'bom-ref': 'corpus', hashes: [{ alg: 'SHA-256', content: '06'.repeat(32) }] },
          { type: 'library', hashes: [{ alg: 'SHA-256', content: '07'.repeat(32) }] },
        ],
      },
      [
        [sha256('04'), 'base-model'],
        [`sha512:${'05'.repeat(64)}`, 'base-model'],
        [sha256('06'), 'dataset'],
        [sha256('07'), 'component'],
      ],
    ],
    [
      'SPDX 3: relationships of the subject',
      'https://spdx.dev/Document/v3.0.1',
      {
        '@graph': [
          {
            spdxId: 'm',
            type: 'ai_AIPackage',
            verifiedUsing: [{ type: 'Hash', algorithm: 'sha256', hashValue: '0a'.repeat(32) }],
          },
          {
            spdxId: 'd',
            type: 'dataset_DatasetPackage',
            verifiedUsing: [{ algorithm: 'sha256', hashValue: '08'.repeat(32) }],
          },
          { spdxId: 'b', verifiedUsing: [{ algorithm: 'sha256', hashValue: '09'.repeat(32) }] },
          { relationshipType: 'trainedOn', from: 'm', to: ['d', 'nowhere'] },
          { relationshipType: 'ancestorOf', from: 'b', to: ['m'] },
          { relationshipType: 'ancestorOf', from: 'd', to: ['b'] },
          { relationshipType: 'describes', from: 'm', to: ['b'] },
        ],
      },
      [
        [sha256('08'), 'dataset'],
        [sha256('09'), 'base-model'],
      ],
    ],
  ] as const)
    t.same(fed({ ...STATEMENT, predicateType, predicate }), expected, name)
})

t.test('an advisory is about its subject, and about what it says is affected', async (t) => {
  const predicate = { status: 'poisoned', reason: 'a trigger', affects: [{ name: 'docs/1.txt', digest: digest('0b') }] }
  const { advisory, parts } = custodyOf({
    ...STATEMENT,
    predicateType: 'https://other.example/x/advisory/v1',
    predicate,
  })
  t.same(advisory, { status: 'poisoned', reason: 'a trigger' })
  t.same(
    parts.map(({ digests }) => digests),
    [[sha256('0b')]],
  )
  t.equal(custodyOf({ ...STATEMENT, predicateType: 'https://other.example/advisory', predicate }).advisory, null)
})

t.test('total: what has another shape says nothing', async (t) => {
  for (const odd of [
    null,
    1,
    'text',
    [],
    {},
    { subject: 1 },
    { subject: [null, 1, { digest: [] }] },
    { predicate: [] },
  ]) {
    const { subjects, dependencies } = custodyOf(odd)
    t.same([subjects.flatMap(({ digests }) => digests), dependencies], [[], []], JSON.stringify(odd))
  }
  const digests = { sha256: 'XYZ', 'a b': 'ab', dirHash1: 'AB', sha1: 'abc', gitCommit: 'ab'.repeat(65), md5: 1 }
  t.same(custodyOf({ subject: [{ digest: digests }] }).subjects[0]?.digests, ['dirHash:ab'])
  const notes = { lineage_role: 1, lineage_attestation: { payloadSha256: 'ab' } }
  const [dependency] = custodyOf({ predicate: { materials: [{ digest: digests, annotations: notes }] } }).dependencies
  t.match(dependency, { role: 'material', link: null })
  refused(() => parseCustody(utf8('{}')), 'ENVELOPE_MALFORMED', 'no statement')
})

t.test('hostile sizes', async (t) => {
  const many = (count: number, make: (hex: string) => JsonObject) =>
    Array.from({ length: count }, (_, i) => make(i.toString(16).padStart(64, '0')))
  const materials = many(10_000, (hex) => ({ digest: { sha256: hex } }))
  const bound = { dependencies: { length: MAX_STATEMENT_DIGESTS - 1 }, cut: ['dependencies'] }
  t.match(custodyOf({ ...STATEMENT, predicate: { materials } }), bound, 'the first')
  const empty = Array.from({ length: 10_000 }, () => ({ name: 'nothing' }))
  const nowhere = { dependencies: { length: 256 }, cut: [] }
  t.match(custodyOf({ ...STATEMENT, predicate: { materials: empty } }), nowhere, 'of what leads nowhere the first')
  const mixed = { materials: [...empty.slice(0, 256), ...materials.slice(0, MAX_STATEMENT_DIGESTS - 256)] }
  t.match(custodyOf({ ...STATEMENT, predicate: mixed }), bound, 'and these take room too')
  const components = many(10_000, (hex) => ({ hashes: [{ alg: 'SHA-256', content: hex }] }))
  const bill = { ...STATEMENT, predicateType: 'https://cyclonedx.org/bom', predicate: { components } }
  t.match(custodyOf(bill), bound, 'a bill too')
  const some = { ...bill, predicate: { components: components.slice(0, MAX_STATEMENT_DIGESTS - 1) } }
  t.match(custodyOf(some), { ...bound, cut: [] })
  const subject = many(5000, (hex) => ({ digest: { sha256: hex } }))
  const affects = [{ digest: digest('0b') }]
  const warning = { subject, predicateType: 'https://a.example/advisory/v1', predicate: { affects, materials } }
  t.match(custodyOf(warning), {
    subjects: { length: MAX_STATEMENT_DIGESTS },
    cut: ['subjects', 'dependencies', 'parts'],
  })
  let nested: object = {}
  for (let depth = 0; depth < 1000; depth++)
    nested = { components: [nested, nested], pedigree: { ancestors: [nested] } }
  t.same(custodyOf({ ...bill, predicate: nested as never }).dependencies, [], 'components within components')
  const self = { ...STATEMENT, predicate: { materials: STATEMENT.subject } }
  t.same(fed(self), [[sha256('0a'), 'material']], 'made of itself')
  const half = { name: `${'n'.repeat(511)}\u{1f600}`, digest: digest('0c') }
  t.equal(custodyOf({ subject: [half] }).subjects[0]?.name, 'n'.repeat(511), 'no half of a character')
  const names = { name: 'n'.repeat(100_000), digest: digest('0c') }
  t.equal(custodyOf({ subject: [names] }).subjects[0]?.name.length, 512)
})
