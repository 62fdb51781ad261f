import t from 'tap'
import { type Advisory, formatAdvisory, parseAdvisory } from '../../../src/formats/custody/advisory.ts'
import {
  type Corroboration,
  formatCorroboration,
  parseCorroboration,
} from '../../../src/formats/custody/corroboration.ts'
import { formatProvenance, type Provenance, parseProvenance } from '../../../src/formats/custody/provenance.ts'
import type { Annotations, Resource } from '../../../src/formats/custody/resource.ts'
import { DEFAULT_BASE, parseBase, selfAsserted } from '../../../src/formats/custody/vocabulary.ts'
import { parseCustody as parseLineage } from '../../../src/formats/lineage/statement.ts'
import { leafIndex } from '../../../src/kernel/brand.ts'
import { parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import type { ErrorCode } from '../../../src/kernel/error.ts'
import { everyByteCounts, refusal, refused } from '../support.ts'
import { ADVISORY } from './made.ts'
import { DATASET, digestSet, linkTo, toyChain } from './toy.ts'

const SHA256 = digestSet({ sha256: 'ab'.repeat(32) })
const weights = (annotations: Annotations = { role: 'weights' }): Resource => ({ digests: SHA256, annotations })

const QUANTIZED: Provenance = {
  base: DEFAULT_BASE,
  step: 'quantize',
  subjects: [{ digests: SHA256 }],
  dependencies: [weights()],
  completeness: new Map([
    ['tool', 'undisclosed'],
    ['calibration', 'none'],
  ]),
  parameters: {},
  builder: selfAsserted(DEFAULT_BASE),
}

t.test('all that a statement can say is read back as it was said', async (t) => {
  const full: Provenance = {
    ...QUANTIZED,
    subjects: [{ name: 'a', digests: SHA256, annotations: { digestKind: 'slot-stripped/v1', size: 3 } }],
    dependencies: [
      {
        name: 'b',
        uri: 'https://example.com/b',
        digests: digestSet({ sha256: 'ab'.repeat(32), gitCommit: 'cd'.repeat(32) }),
        downloadLocation: 'https://example.com/b.bin',
        mediaType: 'application/octet-stream',
        annotations: {
          ...{ role: 'weights', relation: 'merge', use: 'alignment', visibility: 'restricted', offset: 1, size: 2 },
          attestation: { ...linkTo(utf8('x')), log: { origin: 'log.example', index: leafIndex(7) } },
          declaredBy: 'gguf',
        } as Annotations,
      },
    ],
    declared: { gguf: { 'general.name': 'Toy' } },
    startedOn: '2026-01-01T00:00:00Z',
  }
  for (const said of [QUANTIZED, full]) t.match(parseProvenance(formatProvenance(said)), said)
  for (const said of [QUANTIZED, full]) {
    const inside: Provenance = { ...said, form: 'internal' }
    const payload = formatProvenance(inside)
    t.match(parseProvenance(payload), inside, "in SLSA's own fields alone")
    const { subject, predicate } = JSON.parse(parseUtf8(payload))
    t.notOk('annotations' in subject[0])
    t.notOk('lineage_completeness' in predicate.buildDefinition)
    t.same(parseLineage(payload).completeness, parseLineage(formatProvenance(said)).completeness, 'and read alike')
  }
  const payload = parseUtf8(formatProvenance({ ...full, form: 'internal' }))
  const outside = payload.replace('"resolvedDependencies"', '"lineage_completeness":{},"resolvedDependencies"')
  for (const [name, text, code] of [
    ['in both places', outside, 'FIELD_UNKNOWN'],
    [
      'notes of more subjects than there are',
      payload.replace('"lineage_subjects":[', '"lineage_subjects":[{},'),
      'ENVELOPE_MALFORMED',
    ],
    [
      'nothing inside',
      payload.replace(/"internalParameters":\{.*?\},"resolved/, '"internalParameters":{},"resolved'),
      'FIELD_MISSING',
    ],
  ] as const)
    t.throws(() => parseProvenance(utf8(text)), { code }, name)
  t.match(parseAdvisory(formatAdvisory(ADVISORY)), ADVISORY)
  const superseded: Advisory = {
    ...ADVISORY,
    status: 'superseded',
    affects: [],
    evidence: [{ uri: 'https://example.com/report' }],
    supersededBy: { name: 'corpus 2', digests: SHA256 },
  }
  t.match(parseAdvisory(formatAdvisory(superseded)), superseded)
})

t.test('the advisory of the specification, in its one spelling', async (t) => {
  const text = parseUtf8(formatAdvisory(ADVISORY))
  t.match(text, /^\{"_type":"https:\/\/in-toto.io\/Statement\/v1","predicate":\{"affects":\[/)
  t.match(text, '"predicateType":"https://lineage.example/advisory/v1"')
  t.match(JSON.parse(text).predicate, { status: 'poisoned', affects: [{ annotations: { lineage_leafIndex: 1 } }] })
})

t.test('no byte is there for nothing', async () => {
  everyByteCounts(formatProvenance(QUANTIZED), (bytes) => formatProvenance(parseProvenance(bytes)))
  everyByteCounts(toyChain().svr, (bytes) => formatCorroboration(parseCorroboration(bytes)))
})

t.test('silence must be said, and may not contradict', async (t) => {
  const account = (changes: Partial<Provenance>) => () => formatProvenance({ ...QUANTIZED, ...changes })
  const completeness = (said: Readonly<Record<string, string>>) => ({
    completeness: new Map(Object.entries(said)) as Provenance['completeness'],
  })
  const cases: readonly (readonly [string, () => unknown, ErrorCode])[] = [
    [
      'nothing of a role',
      account({ dependencies: [], ...completeness({ tool: 'none', calibration: 'none' }) }),
      'FIELD_MISSING',
    ],
    ['no role', account({ dependencies: [weights({})] }), 'FIELD_MISSING'],
    [
      'none, and one is named',
      account(completeness({ weights: 'none', tool: 'none', calibration: 'none' })),
      'FIELD_INVALID',
    ],
    [
      'undisclosed, and one is named',
      account(completeness({ weights: 'undisclosed', tool: 'none', calibration: 'none' })),
      'FIELD_INVALID',
    ],
    ['all of none', account(completeness({ tool: 'all', calibration: 'none' })), 'FIELD_INVALID'],
    ['part of none', account(completeness({ tool: 'partial', calibration: 'none' })), 'FIELD_INVALID'],
  ]
  for (const [name, run, code] of cases) refused(run, code, name)
  t.doesNotThrow(account(completeness({ weights: 'partial', tool: 'undisclosed', calibration: 'none' })))
})

t.test('what is refused', async (t) => {
  const text = parseUtf8(formatProvenance(DATASET))
  const changed = (from: string | RegExp, to: string) => () => parseProvenance(utf8(text.replace(from, to)))
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['another spelling', changed('{"_type"', '{ "_type"'), /^ENVELOPE_MALFORMED not in the one spelling/],
    ['another type', changed('Statement/v1', 'Statement/v0.1'), /^FIELD_INVALID _type/],
    [
      'another predicate',
      changed('slsa.dev/provenance/v1', 'slsa.dev/provenance/v0.2'),
      /^FIELD_INVALID predicateType/,
    ],
    ['another step', changed('dataset-snapshot/v1', 'distil/v1'), /buildType: not the build type of a step/],
    ['an unknown field', changed('"exclude":[],', '"exclude":[],"exclude2":[],'), /^accepted/],
    ['an unknown annotation', changed('lineage_role', 'lineage_rule'), /^FIELD_UNKNOWN .*lineage_rule/],
    ['an unknown role', changed('"source"}', '"sauce"}'), /^FIELD_INVALID .*lineage_role/],
    ['an unknown digest', changed('"gitCommit"', '"gitcommit"'), /gitcommit: not one of sha256/],
    ['a short digest', changed(/"sha256":"../, '"sha256":"'), /64 lowercase hex digits/],
    ['capitals', changed('0128bd8d', '0128BD8D'), /not lowercase hex/],
    [
      'a subject without a digest',
      changed(
        '"digest":{"sha256":"1e44c4d3033b0f6bffda21ca8d0eac26f347ed2bc2c2378bf3a0935744d1012d"},"name"',
        '"name"',
      ),
      /subject\[0\]\.digest or uri: missing/,
    ],
    ['a time that is none', changed('2026-01-01T00:01', '2026-13-01T00:01'), /finishedOn: not a time in UTC/],
    ['a size below zero', changed('lineage_treeSize":3', 'lineage_treeSize":-3'), /lineage_treeSize: a whole number/],
    ['a URI with a space', changed('git+https', 'git https'), /uri: not a URI/],
  ]
  for (const [name, run, message] of cases) t.match(refusal(run), message, name)
  const svr: Corroboration = { ...parseCorroboration(toyChain().svr), properties: [] }
  t.match(
    refusal(() => formatCorroboration(svr)),
    /^FIELD_INVALID predicate.properties: 1 to 100/,
  )
  t.match(
    refusal(() => formatCorroboration({ ...svr, properties: ['A', 'A'] })),
    /twice/,
  )
  t.match(
    refusal(() => formatCorroboration({ ...svr, properties: ['a'] })),
    /in capitals/,
  )
  t.match(
    refusal(() => formatAdvisory({ ...ADVISORY, reason: '' })),
    /^FIELD_INVALID predicate.reason/,
  )
  t.match(
    refusal(() => formatAdvisory({ ...ADVISORY, subjects: [] })),
    /subject: 1 to 10000/,
  )
  t.match(
    refusal(() => formatAdvisory({ ...ADVISORY, subjects: [{ uri: 'a:b' }] })),
    /subject\[0\]\.digest: missing/,
  )
  t.match(
    refusal(() => formatAdvisory({ ...ADVISORY, reason: 'x'.repeat(4097) })),
    /1 to 4096/,
  )
  const big = { ...QUANTIZED, parameters: { text: 'x'.repeat(2 ** 20) } }
  t.match(
    refusal(() => formatProvenance(big)),
    /^ENTRY_TOO_LARGE/,
  )
  t.match(
    refusal(() => parseProvenance(new Uint8Array(2 ** 20 + 1))),
    /^ENVELOPE_MALFORMED/,
  )
  t.match(
    refusal(() => parseBase('https://example.com')),
    /ends with \//,
  )
})
