import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { isEntryId, parseLogEntryV1 } from '../../../src/formats/sigstore/read-log-entry-v1.ts'
import { encode, refusal } from '../support.ts'
import { ENTRY_ID, logEntryOf, recorded } from './log-entry-v1.ts'

const parse = (answer: unknown) => parseLogEntryV1(parseJson(encode(JSON.stringify(answer))))

t.test('entries of the public log', async (t) => {
  for (const name of ['managed-key-happy-path', 'happy-path-intoto-in-dsse-v3', 'happy-path-v0.3']) {
    const bundle = recorded(name)
    t.same(parse({ [ENTRY_ID]: logEntryOf(bundle) }), bundle.entries[0], name)
    const attested = { ...logEntryOf(bundle), attestation: { data: 'AAAA' } }
    t.same(
      parse({ [ENTRY_ID.slice(16)]: attested }),
      bundle.entries[0],
      'kept with its statement, under the leaf alone',
    )
  }
})

t.test('what is no entry', async (t) => {
  const good = logEntryOf(recorded('managed-key-happy-path'))
  const { verification } = good as { verification: { inclusionProof: object } }
  const proof = (change: object) => ({
    ...good,
    verification: { ...verification, inclusionProof: { ...verification.inclusionProof, ...change } },
  })
  const body = (text: string) => ({ ...good, body: Buffer.from(text).toString('base64') })
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['none', {}, 'FIELD_INVALID the document: not one entry'],
    ['two', { [ENTRY_ID]: good, [ENTRY_ID.slice(16)]: good }, 'FIELD_INVALID the document: not one entry'],
    ['a list', [good], 'FIELD_INVALID the document: an object'],
    ['another key', { id: good }, 'FIELD_INVALID the document: not one entry'],
    ['no proof', { [ENTRY_ID]: { ...good, verification: {} } }, 'FIELD_MISSING entry.verification.inclusionProof'],
    ['a field more', { [ENTRY_ID]: { ...good, extra: 1 } }, 'FIELD_UNKNOWN entry.extra'],
    ['a time before 1970', { [ENTRY_ID]: { ...good, integratedTime: -1 } }, 'FIELD_INVALID entry.integratedTime'],
    ['an index as text', { [ENTRY_ID]: { ...good, logIndex: '1' } }, 'FIELD_INVALID entry.logIndex'],
    [
      'a short root',
      { [ENTRY_ID]: proof({ rootHash: 'ab' }) },
      'FIELD_INVALID entry.verification.inclusionProof.rootHash',
    ],
    [
      'a long path',
      { [ENTRY_ID]: proof({ hashes: Array(64).fill('ab'.repeat(32)) }) },
      'FIELD_INVALID .*hashes: 0 to 63',
    ],
    ['a body that is no JSON', { [ENTRY_ID]: body('hello') }, 'ENTRY_MALFORMED the body'],
    ['a body of no kind', { [ENTRY_ID]: body('{}') }, 'ENTRY_MALFORMED the body'],
    ['a body that is no object', { [ENTRY_ID]: body('[]') }, 'ENTRY_MALFORMED the body'],
  ]
  for (const [name, answer, expected] of cases)
    t.match(
      refusal(() => parse(answer)),
      new RegExp(`^${expected}`),
      name,
    )
})

t.test('IDs', async (t) => {
  t.ok(isEntryId(ENTRY_ID))
  t.ok(isEntryId(ENTRY_ID.slice(16)))
  for (const bad of ['', 'x', ENTRY_ID.slice(1), ENTRY_ID.toUpperCase(), `f${ENTRY_ID.slice(1)}`, `${ENTRY_ID}/..`])
    t.notOk(isEntryId(bad), bad)
})
