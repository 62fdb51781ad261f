import t from 'tap'
import { list, literal, object, openObject, parsed, text } from '../../src/formats/fields.ts'
import { parseJson } from '../../src/formats/json.ts'
import { parseHex } from '../../src/kernel/bytes.ts'
import { encode, refusal } from './support.ts'

const person = object((fields) => ({
  name: fields.required('name', text),
  kind: fields.optional('kind', literal('a', 'b')) ?? 'a',
  tags: fields.required('tags', list(parsed(parseHex), { min: 1, max: 2 })),
  home: fields.oneOf({ street: text, boat: text }),
}))
const read = (json: string) => person(parseJson(encode(json)), '')

t.test('reads what is there', async (t) => {
  t.same(read('{"name":"n","tags":["00ff"],"boat":"b"}'), {
    name: 'n',
    kind: 'a',
    tags: [Uint8Array.of(0, 255)],
    home: 'b',
  })
  t.equal(read('{"street":"s","kind":"b","tags":["",""],"name":""}').kind, 'b')
})

t.test('refuses the rest, with code, path and reason', async (t) => {
  const cases: [json: string, message: string][] = [
    ['[]', 'FIELD_INVALID the document: an object was expected'],
    ['null', 'FIELD_INVALID the document: an object was expected'],
    ['{}', 'FIELD_MISSING name: missing'],
    ['{"name":1}', 'FIELD_INVALID name: a string was expected'],
    ['{"name":null}', 'FIELD_INVALID name: a string was expected'],
    ['{"name":"","kind":"c"}', 'FIELD_INVALID kind: must be "a" or "b"'],
    ['{"name":"","kind":null}', 'FIELD_INVALID kind: must be "a" or "b"'],
    ['{"name":"","tags":{}}', 'FIELD_INVALID tags: an array was expected'],
    ['{"name":"","tags":[]}', 'FIELD_INVALID tags: 1 to 2 items, not 0'],
    ['{"name":"","tags":["","",""]}', 'FIELD_INVALID tags: 1 to 2 items, not 3'],
    ['{"name":"","tags":["","0G"]}', 'FIELD_INVALID tags[1]: not lowercase hex'],
    ['{"name":"","tags":[""]}', 'FIELD_MISSING street or boat: missing'],
    ['{"name":"","tags":[""],"street":"","boat":""}', 'FIELD_INVALID boat: not together with street'],
    ['{"name":"","tags":[""],"boat":"","more":1}', 'FIELD_UNKNOWN more: no such field'],
    ['{"name":"","tags":[""],"boat":"","__proto__":1}', 'FIELD_UNKNOWN __proto__: no such field'],
    ['{"name":"","tags":[""],"boat":"","a\\nb":1}', 'FIELD_UNKNOWN "a\\nb": no such field'],
  ]
  for (const [json, message] of cases)
    t.equal(
      refusal(() => read(json)),
      message,
      json,
    )
})

t.test('an unknown name of any length makes a short message', async (t) => {
  const outcome = refusal(() => read(`{"name":"","tags":[""],"boat":"","${'k'.repeat(100_000)}":1}`))
  t.ok(outcome.length < 120, outcome)
})

t.test('a bug in a parser is not dressed as a bad field', async (t) => {
  const broken = parsed(() => {
    throw new RangeError('bug')
  })
  t.throws(() => broken('', 'x'), { name: 'RangeError' })
})

t.test('an open object: other fields mean nothing, null is absent', async (t) => {
  const open = openObject((fields) => [fields.required('a', text), fields.optional('b', text)])
  const outcome = (json: string) => refusal(() => open(parseJson(encode(json)), ''))
  t.same(open(parseJson(encode('{"a":"x","b":null,"more":1,"__proto__":2}')), ''), ['x', undefined])
  t.equal(outcome('{"a":null}'), 'FIELD_MISSING a: missing')
  t.equal(outcome('{"b":"x"}'), 'FIELD_MISSING a: missing')
  t.equal(outcome('[]'), 'FIELD_INVALID the document: an object was expected')
})
