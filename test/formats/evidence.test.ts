/** Files of evidence have one spelling, and nothing in them is passed over. */

import t from 'tap'
import { EVIDENCE_START, formatEvidence, parseEvidence } from '../../src/formats/evidence.ts'
import { parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { evidenceOf, FOUND } from '../audit/evidence-samples.ts'
import { codeOf } from '../verify/support.ts'

t.test('what is written is read back', async (t) => {
  for (const found of FOUND) {
    const bytes = formatEvidence(evidenceOf(found))
    t.ok(parseUtf8(bytes).startsWith(EVIDENCE_START))
    t.same(parseEvidence(bytes), evidenceOf(found), found.kind)
  }
})

const text = parseUtf8(formatEvidence(evidenceOf(FOUND[5] ?? (FOUND[0] as never))))

t.test('every other spelling is refused', async (t) => {
  const changed: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no end', text.trimEnd()],
    ['more at the end', `${text}\n`],
    ['other indentation', JSON.stringify(JSON.parse(text))],
    ['another order', text.replace(/( {2}"origin".*\n)( {2}"keys": \[\n.*\n {2}\],\n)/, '$2$1')],
    ['another type', text.replace('evidence/v1', 'evidence/v2')],
    ['another kind', text.replace('"content"', '"contents"')],
    ['a kind without its fields', text.replace('"content"', '"fork"')],
    ['an unknown field', text.replace('  "said"', '  "more": 1,\n  "said"')],
    ['a field less', text.replace(/ {2}"said".*\n/, '')],
    ['an escape that is none needed', text.replace('"said": "s', '"said": "\\u0073')],
    ['a time of another form', text.replace('.123Z', '.1230Z')],
    ['a place of another spelling', text.replace('x001/234', '1234')],
    ['an entry in another place', text.replace(/"tile\/[^"]*"/, '"entry/07"')],
    ['base64 without its end', text.replace('Ynl0ZXM=', 'Ynl0ZXM')],
    ['an upper-case hash', text.replace(/"0101/, '"0A01')],
    ['a key of another ID', text.replace(/\+([0-9a-f])/, (_, digit) => `+${digit === '0' ? '1' : '0'}`)],
    ['64 hashes', text.replace(/"proof": \[\n/, `"proof": [\n${`    "${'01'.repeat(32)}",\n`.repeat(62)}`)],
    ['many words', text.replace('"said": "', `"said": "${'x'.repeat(2000)}`)],
  ]
  for (const [name, bad] of changed) {
    t.not(bad, text, name)
    t.equal(await codeOf(() => parseEvidence(utf8(bad))), 'EVIDENCE_MALFORMED', name)
  }
  t.equal(await codeOf(() => parseEvidence(new Uint8Array(25 * 2 ** 20))), 'EVIDENCE_MALFORMED')
})
