import t from 'tap'
import { parseJson } from '../../../src/formats/json.ts'
import { canonicalTufJson } from '../../../src/formats/tuf/canonical-json.ts'
import { decode, encode, refused } from '../support.ts'

const TABLE: readonly (readonly [string, string])[] = [
  ['{}', '{}'],
  ['[ ]', '[]'],
  [' [ true , false , null , -1 , 0 ] ', '[true,false,null,-1,0]'],
  ['{"b":1,"a":[{"d":"","c":2}]}', '{"a":[{"c":2,"d":""}],"b":1}'],
  ['{"é":1,"z":2,"Z":3,"":4}', '{"":4,"Z":3,"z":2,"é":1}'],
  ['{"aa":1,"a":2}', '{"a":2,"aa":1}'],
  ['"\\u00e9 \\" \\\\ \\/"', '"é \\" \\\\ /"'],
  ['"-----BEGIN\\n\\t\\u0001"', '"-----BEGIN\n\t\u0001"'],
  // By code points: UTF-16 units would put U+1F600 (D83D …) before U+FF5E.
  ['{"\\ud83d\\ude00":1,"\\uff5e":2}', '{"\uff5e":2,"\u{1f600}":1}'],
  ['{"__proto__":1}', '{"__proto__":1}'],
]

t.test('one form', async (t) => {
  for (const [text, expected] of TABLE) t.equal(decode(canonicalTufJson(parseJson(encode(text)))), expected, text)
})

t.test('what has none', async () => {
  for (const text of ['1.5', '{"a":[1e-3]}'])
    refused(() => canonicalTufJson(parseJson(encode(text))), 'JSON_NUMBER_UNSAFE', text)
  const deep = `${'['.repeat(33)}${']'.repeat(33)}`
  refused(() => canonicalTufJson(parseJson(encode(deep), { maxDepth: 40 })), 'JSON_TOO_DEEP', 'deeper than is read')
})
