/**
 * Inputs of megabytes, each the worst of its kind: a parser may refuse them with a TlogError, and with nothing else, and
 * without work that grows faster than they do. Fuzzing does not get there.
 */

import t from 'tap'
import { parseNote } from '../../src/formats/c2sp/note.ts'
import { parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { parseJson } from '../../src/formats/json.ts'
import { parsePem } from '../../src/formats/pki/pem.ts'
import { parseSigstoreBundle } from '../../src/formats/sigstore/bundle.ts'
import { parseStatement } from '../../src/formats/sigstore/statement.ts'
import { parseUtf8 } from '../../src/kernel/bytes.ts'
import { encode, refusal } from './support.ts'

const MIB = 2 ** 20
const SIZE = 6 * MIB
const SLOW_MS = 20_000 // half a second on a machine with nothing else to do
const filled = (unit: string, size = SIZE) => unit.repeat(Math.floor(size / unit.length))

const BUNDLE = '"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"'
const withSignature = (text: string) =>
  `{${BUNDLE},"verificationMaterial":{"certificate":{"rawBytes":"${text}"}},"messageSignature":{}}`
const STATEMENT = '"_type":"https://in-toto.io/Statement/v1","predicateType":"x"'
const pem = (bytes: Uint8Array) => parsePem(parseUtf8(bytes), 'CERTIFICATE')

const CASES: readonly (readonly [name: string, parse: (bytes: Uint8Array) => unknown, text: string, said: RegExp])[] = [
  ['escapes in JSON', parseJson, `"${filled('\\n')}"`, /accepted/],
  ['hexadecimal escapes', parseJson, `"${filled('\\u0041')}"`, /accepted/],
  ['brackets', parseJson, filled('['), /^JSON_TOO_DEEP/],
  ['digits', parseJson, filled('1'), /^JSON_NUMBER_UNSAFE/],
  ['spaces', parseJson, filled(' '), /^JSON_MALFORMED/],
  ['a field in snake_case', parseSigstoreBundle, `{"${filled('a_')}a":0}`, /^FIELD_MISSING/],
  ['base64 for URLs', parseSigstoreBundle, withSignature(filled('-_')), /^FIELD_/],
  [
    'base64 for URLs, and its fault at the end',
    parseSigstoreBundle,
    withSignature(`${filled('-_')}!`),
    /^FIELD_INVALID/,
  ],
  ['a digest', parseStatement, `{${STATEMENT},"subject":[{"digest":{"sha256":"${filled('00')}"}}]}`, /accepted/],
  ['lines of PEM', pem, `-----BEGIN CERTIFICATE-----\n${filled('A\n')}`, /^DER_MALFORMED/],
  ['blocks of PEM', pem, filled('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), /accepted/],
  ['a name in a note', parseNote, `a\n\n\u2014 ${filled('a', MIB - 99)}\n`, /^NOTE_MALFORMED/],
  ['an empty note', parseNote, filled('\n', MIB), /^NOTE_MALFORMED/],
  ['an empty policy', parsePolicy, filled('\n', MIB), /^POLICY_MALFORMED/],
]

for (const [name, parse, text, said] of CASES)
  t.test(name, async (t) => {
    const bytes = encode(text)
    const begun = performance.now()
    t.match(
      refusal(() => parse(bytes)),
      said,
    )
    const ms = performance.now() - begun
    t.ok(ms < SLOW_MS, `${Math.round(ms)} ms`)
  })
