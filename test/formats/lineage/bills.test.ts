/** Bills of materials by themselves: what each is about, and from what that was made. */

import t from 'tap'
import { custodyOf, parseCustody } from '../../../src/formats/lineage/statement.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { refused } from '../support.ts'

const hashes = (byte: string) => [{ alg: 'SHA-256', content: byte.repeat(32) }]
const model = (name: string, byte: string, more: object = {}) => ({
  ...{ type: 'machine-learning-model', name, hashes: hashes(byte) },
  ...more,
})
const made = (from: object) => ({ pedigree: { ancestors: [from] } })
const cyclone = (bill: object) => ({ bomFormat: 'CycloneDX', specVersion: '1.7', ...bill })
const DATA = { type: 'data', 'bom-ref': 'corpus', name: 'corpus', hashes: hashes('0d') }

const CONTEXT = 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld'
const verifiedUsing = (byte: string) => [{ type: 'Hash', algorithm: 'sha256', hashValue: byte.repeat(32) }]
const related = (relationshipType: string, from: string, ...to: string[]) => ({
  ...{ type: 'Relationship', relationshipType, from, to },
})
const root = (type: string, ...rootElement: string[]) => ({ type, spdxId: `urn:${type}`, rootElement })
const spdx = (...graph: object[]) => ({ '@context': CONTEXT, '@graph': graph })

type Row = readonly [name: string, document: object, subjects: readonly string[], from: readonly string[]]
const ROWS: readonly Row[] = [
  [
    'the main component',
    cyclone({
      metadata: {
        component: model('m', '0a', {
          ...made(model('b', '0b')),
          modelCard: { modelParameters: { datasets: [{ ref: 'corpus' }] } },
        }),
      },
      components: [DATA],
    }),
    ['m 0a'],
    ['0b base-model', '0d dataset'],
  ],
  [
    'a main component without a digest, and one model',
    cyclone({ metadata: { component: { name: 'app' } }, components: [model('m', '0a', made(model('b', '0b'))), DATA] }),
    ['m 0a'],
    ['0b base-model', '0d dataset'],
  ],
  [
    'of several models, the one from which none was made',
    cyclone({ components: [model('b', '0b'), model('m', '0a', made(model('b', '0b')))] }),
    ['m 0a'],
    ['0b base-model'],
  ],
  ['models side by side: it does not say', cyclone({ components: [model('a', '0a'), model('b', '0b'), DATA] }), [], []],
  ['no model', cyclone({ components: [{ type: 'library', hashes: hashes('0c') }] }), [], []],
  [
    'the root elements of a document and of its bill',
    spdx(
      root('SpdxDocument', 'urn:Bom'),
      root('Bom', 'urn:m'),
      { type: 'ai_AIPackage', spdxId: 'urn:m', name: 'm', verifiedUsing: verifiedUsing('0a') },
      { type: 'dataset_DatasetPackage', spdxId: 'urn:d', name: 'd', verifiedUsing: verifiedUsing('0d') },
      related('trainedOn', 'urn:m', 'urn:d'),
    ),
    ['m 0a'],
    ['0d dataset'],
  ],
  [
    'packages by the files that they come as',
    spdx(
      root('software_Sbom', 'urn:m'),
      { type: 'ai_AIPackage', spdxId: 'urn:m', name: 'm' },
      { type: 'software_File', spdxId: 'urn:f', name: 'model.gguf', verifiedUsing: verifiedUsing('0a') },
      { type: 'software_File', spdxId: 'urn:g', name: 'data.jsonl', verifiedUsing: verifiedUsing('0d') },
      related('hasDistributionArtifact', 'urn:m', 'urn:f', 'urn:nowhere'),
      related('hasDistributionArtifact', 'urn:d', 'urn:g'),
      related('trainedOn', 'urn:m', 'urn:d'),
      related('contains', 'urn:m', 'urn:f'),
    ),
    ['m 0a'],
    ['0d dataset'],
  ],
  ['no root', spdx({ spdxId: 'urn:m', verifiedUsing: verifiedUsing('0a') }), [], []],
]

t.test('what it is about, and from what', async (t) => {
  for (const [name, document, subjects, from] of ROWS) {
    const said = parseCustody(utf8(JSON.stringify(document)))
    const short = ([digest = '']: readonly string[]) => digest.slice(7, 9)
    t.same(
      said.subjects.map(({ name, digests }) => `${name} ${short(digests)}`),
      subjects,
      name,
    )
    t.same(
      said.dependencies.map(({ digests, role }) => `${short(digests)} ${role}`),
      from,
      name,
    )
    t.match(said.predicateType, /^https:\/\/(cyclonedx\.org\/bom|spdx\.dev\/Document)$/)
  }
})

t.test('what is none', async (t) => {
  for (const other of [
    { bomFormat: 'cyclonedx' },
    { '@context': 'https://spdx.org/rdf/terms', '@graph': [{}] },
    { '@context': CONTEXT },
    { spdxVersion: 'SPDX-2.3' },
    [],
  ])
    refused(() => parseCustody(utf8(JSON.stringify(other))), 'ENVELOPE_MALFORMED', JSON.stringify(other))
  const both = { ...cyclone({ metadata: { component: model('m', '0a') } }), _type: 'https://in-toto.io/Statement/v1' }
  t.same(custodyOf(both).subjects, [], 'a statement is a statement')
})

t.test('hostile sizes', async (t) => {
  const ids = Array.from({ length: 9000 }, (_, i) => `urn:${i}`)
  const files = ids.map((spdxId, i) => ({
    spdxId,
    verifiedUsing: [{ algorithm: 'sha256', hashValue: i.toString(16).padStart(64, '0') }],
  }))
  const many = spdx(
    root('Bom', 'urn:m'),
    { spdxId: 'urn:m', verifiedUsing: verifiedUsing('0a') },
    ...files,
    related('hasDistributionArtifact', 'urn:d', ...ids),
    ...Array.from({ length: 500 }, () => related('trainedOn', 'urn:m', 'urn:d')),
  )
  const start = performance.now()
  t.match(custodyOf(JSON.parse(JSON.stringify(many))), { dependencies: { length: 4095 }, cut: ['dependencies'] })
  t.ok(performance.now() - start < 5000)
})
