import t from 'tap'
import { bodyKind } from '../../../src/formats/sigstore/body-kind.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'

t.test('kind and version of a body', async (t) => {
  t.same(bodyKind(utf8('{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}')), {
    kind: 'hashedrekord',
    version: '0.0.2',
  })
  for (const text of [
    '',
    'entry 1',
    'null',
    '[]',
    '{}',
    '{"kind":"a"}',
    '{"apiVersion":"0.0.1"}',
    '{"apiVersion":1,"kind":"a"}',
    '{"apiVersion":"0.0.1","kind":"A"}',
    '{"apiVersion":"","kind":"a"}',
    `{"apiVersion":"0.0.1","kind":"${'a'.repeat(33)}"}`,
    '{"apiVersion":"0.0.1","kind":"a","kind":"b"}',
  ])
    t.throws(() => bodyKind(utf8(text)), { code: 'ENTRY_MALFORMED' }, text)
})
