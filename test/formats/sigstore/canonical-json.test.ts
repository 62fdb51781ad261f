import fc from 'fast-check'
import t from 'tap'
import { type JsonValue, parseJson } from '../../../src/formats/json.ts'
import { canonicalJson } from '../../../src/formats/sigstore/canonical-json.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import { decode, encode, readVector, refused } from '../support.ts'

interface Rfc8785 {
  readonly numbers: readonly { ieee754: string; json: string | null }[]
  readonly documents: readonly { input: string; output: string }[]
}
const rfc = readVector<Rfc8785>('json/rfc8785.json')
const print = (value: JsonValue) => decode(canonicalJson(value))

t.test('RFC 8785: the examples', async (t) => {
  for (const { input, output } of rfc.documents) t.equal(print(parseJson(encode(input))), output)
})

t.test('RFC 8785: the numbers of appendix B', async (t) => {
  for (const { ieee754, json } of rfc.numbers) {
    const value = new DataView(parseHex(ieee754).buffer).getFloat64(0)
    if (json === null) refused(() => canonicalJson([value]), 'JSON_NUMBER_UNSAFE', ieee754)
    else t.equal(print(value), json, ieee754)
  }
})

t.test('refuses what has no canonical form', async () => {
  refused(() => canonicalJson({ a: '\ud800' }), 'JSON_MALFORMED', 'lone surrogate')
  refused(() => canonicalJson({ '\udc00': 1 }), 'JSON_MALFORMED', 'lone surrogate in a key')
  const cycle: JsonValue[] = []
  cycle.push(cycle)
  refused(() => canonicalJson(cycle), 'JSON_TOO_DEEP', 'a cycle')
  refused(() => canonicalJson([[]], { maxDepth: 1 }), 'JSON_TOO_DEEP', 'the limit is the caller’s')
})

t.test('one value, one text, whatever the order of its keys', async () => {
  const values = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), {
    maxKeys: 8,
  })
  fc.assert(
    fc.property(values, (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse()) as JsonValue
      const text = print(value as JsonValue)
      return print(reversed) === text && print(JSON.parse(text)) === text
    }),
  )
})
