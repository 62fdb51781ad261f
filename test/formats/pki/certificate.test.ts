import t from 'tap'
import { parseCertificate } from '../../../src/formats/pki/certificate.ts'
import { DerReader, formatDer, formatOid, formatUnsigned, TAG } from '../../../src/formats/pki/der.ts'
import { parseSpki } from '../../../src/formats/pki/spki.ts'
import { concat, utf8 } from '../../../src/kernel/bytes.ts'
import { readDer } from '../../crypto/sides.ts'
import { refusal } from '../support.ts'

const WORKFLOW = 'https://github.com/example/model/.github/workflows/release.yml@refs/heads/main'

t.test('certificates as OpenSSL writes them', async (t) => {
  const email = parseCertificate(readDer('cert-email-p256'))
  t.same(email.sans, [{ type: 'email', value: 'publisher@example.org' }])
  t.equal(email.issuer, 'https://accounts.example.org', 'the newer extension wins')
  t.same(email.spki, readDer('key-p256'))

  const uri = parseCertificate(readDer('cert-uri-p384'))
  t.same(uri.sans, [{ type: 'uri', value: WORKFLOW }])
  t.equal(uri.issuer, 'https://old.example')
  t.match(parseSpki(uri.spki), { kind: 'ec', curve: 'P-384' })

  const names = parseCertificate(readDer('cert-names-p521'))
  t.same(names.sans, [
    { type: 'dns', value: 'example.org' },
    { type: 'dns', value: '*.Example.ORG' },
    { type: 'ip', value: '192.0.2.7' },
    { type: 'ip', value: '2001:db8::1:0:0:7' },
    { type: 'ip', value: '::1' },
    { type: 'ip', value: '2001:db8:1:2:3:4:5:6' },
    { type: 'other', oid: '1.3.6.1.4.1.57264.1.7', value: 'publisher!example.org' },
    { type: 'email', value: 'Publisher@Example.org' },
  ])
  t.equal(names.issuer, undefined)

  const plain = parseCertificate(readDer('cert-plain-rsa2048'))
  t.same([plain.sans, plain.issuer], [[], undefined])
  t.match(parseSpki(parseCertificate(readDer('cert-plain-ed25519')).spki), { kind: 'ed25519' })
})

/** The elements of tbsCertificate, to be exchanged one by one. */
const original = readDer('cert-email-p256')
const outer = new DerReader(original).enter(TAG.sequence, '')
const inner = outer.enter(TAG.sequence, '')
const [version, serial, algorithm, issuer, validity, subject, key] = Array.from({ length: 7 }, () => inner.next('').der)
const rest = concat(outer.next('').der, outer.next('').der)
const nothing = new Uint8Array(0)

const FIELDS = { version, serial, algorithm, issuer, validity, subject, key, unique: nothing } as const
type Fields = { [Name in keyof typeof FIELDS]?: Uint8Array }

function certificate(
  fields: Fields,
  extensions: Uint8Array = extension(SAN, sequence(name(0x81, 'a@b.c'))),
): Uint8Array {
  const parts = Object.values({ ...FIELDS, ...fields }).map((part) => part ?? nothing)
  return sequence(sequence(...parts, extensions.length === 0 ? nothing : formatDer(0xa3, sequence(extensions))), rest)
}

const SAN = '2.5.29.17'
const ISSUER = '1.3.6.1.4.1.57264.1.8'
const ISSUER_RAW = '1.3.6.1.4.1.57264.1.1'

const sequence = (...parts: Uint8Array[]) => formatDer(TAG.sequence, ...parts)
const octets = (bytes: Uint8Array) => formatDer(TAG.octetString, bytes)
const extension = (oid: string, value: Uint8Array) => sequence(formatOid(oid), octets(value))
const name = (tag: number, text: string) => formatDer(tag, utf8(text))
const sans = (...names: Uint8Array[]) => certificate({}, extension(SAN, sequence(...names)))
const critical = (value: number) =>
  certificate({}, sequence(formatOid('1.2.3'), formatDer(TAG.boolean, Uint8Array.of(value)), octets(nothing)))
const times = (...values: [number, string][]) =>
  certificate({ validity: sequence(...values.map(([tag, text]) => name(tag, text))) })
const other = (oid: string, value: Uint8Array) => formatDer(0xa0, formatOid(oid), formatDer(0xa0, value))
const repeat = (count: number, part: (i: number) => Uint8Array) =>
  concat(...Array.from({ length: count }, (_, i) => part(i)))
const integerTwo = formatUnsigned(Uint8Array.of(2))
const nested = (depth: number): Uint8Array => (depth === 0 ? nothing : sequence(nested(depth - 1)))

t.test('what is built here is read', async (t) => {
  t.same(parseCertificate(certificate({})).sans, [{ type: 'email', value: 'a@b.c' }])
  t.same(parseCertificate(certificate({}, nothing)).sans, [], 'no extensions')
  t.same(parseCertificate(certificate({ unique: formatDer(0x81, Uint8Array.of(0, 1)) })).sans.length, 1)
  t.same(parseCertificate(critical(0xff)).sans, [])
  t.same(
    parseCertificate(times([TAG.generalizedTime, '20500101000000Z'], [TAG.utcTime, '491231235959Z'])).sans.length,
    1,
  )
  t.same(parseCertificate(sans(formatDer(0xa4, sequence()), name(0x82, 'x'))).sans, [{ type: 'dns', value: 'x' }])
  t.same(parseCertificate(sans(other('1.2.3', name(TAG.utf8String, 'é')))).sans, [
    { type: 'other', oid: '1.2.3', value: 'é' },
  ])
  const both = concat(extension(ISSUER_RAW, utf8('old')), extension(ISSUER, name(TAG.utf8String, 'new')))
  t.equal(parseCertificate(certificate({}, both)).issuer, 'new')
  t.equal(parseCertificate(sans(...Array.from({ length: 64 }, (_, i) => name(0x82, `${i}`)))).sans.length, 64)
  for (const [groups, text] of [
    ['00000000000000000000000000000000', '::'],
    ['00010000000000000000000000000000', '1::'],
    ['00010000000200030004000500060007', '1:0:2:3:4:5:6:7'],
    ['00100000000000030000000000000010', '10:0:0:3::10'],
  ] as const) {
    const [ip] = parseCertificate(sans(formatDer(0x87, Uint8Array.from(Buffer.from(groups, 'hex'))))).sans
    t.equal(ip?.value, text)
  }
})

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['nothing', nothing, /the certificate is missing/],
  ['bytes after', concat(original, Uint8Array.of(0)), /cut short|bytes after the certificate/],
  ['two certificates', concat(original, original), /bytes after the certificate/],
  [
    'a fourth element',
    sequence(sequence(...Object.values(FIELDS).map((part) => part ?? nothing)), rest, sequence()),
    /bytes after the signature/,
  ],
  [
    'two versions',
    certificate({
      version: formatDer(
        0xa0,
        repeat(2, () => integerTwo),
      ),
    }),
    /bytes after the version/,
  ],
  [
    'three times',
    times(...Array.from({ length: 3 }, (): [number, string] => [TAG.utcTime, '250101000000Z'])),
    /bytes after notAfter/,
  ],
  ['cut short', original.subarray(0, -1), /cut short/],
  ['a public key', readDer('key-p256'), /the signature is missing/],
  ['a version 1 certificate', readDer('cert-version1'), /the version has tag 0x02/],
  ['version 2', certificate({ version: formatDer(0xa0, formatUnsigned(Uint8Array.of(1))) }), /not version 3/],
  ['version 4', certificate({ version: formatDer(0xa0, formatUnsigned(Uint8Array.of(3))) }), /not version 3/],
  [
    'a negative serial',
    certificate({ serial: formatDer(TAG.integer, Uint8Array.of(0x80)) }),
    /serial number is negative/,
  ],
  ['a padded serial', certificate({ serial: formatDer(TAG.integer, Uint8Array.of(0, 1)) }), /serial number is padded/],
  ['a long serial', certificate({ serial: formatUnsigned(new Uint8Array(21).fill(1)) }), /over 20 bytes/],
  ['two algorithms', certificate({ algorithm: sequence(formatOid('1.2.3')) }), /two different signature algorithms/],
  ['no times', times(), /notBefore is missing/],
  ['one time', times([TAG.utcTime, '250101000000Z']), /notAfter is missing/],
  ['month 13', times([TAG.utcTime, '251301000000Z'], [TAG.utcTime, '260101000000Z']), /notBefore is no time/],
  ['no seconds', times([TAG.utcTime, '2501010000Z'], [TAG.utcTime, '260101000000Z']), /notBefore is no time/],
  ['a time zone', times([TAG.utcTime, '250101000000+0100'], [TAG.utcTime, '260101000000Z']), /notBefore is no time/],
  [
    'fractions',
    times([TAG.generalizedTime, '20500101000000.5Z'], [TAG.utcTime, '260101000000Z']),
    /notBefore is no time/,
  ],
  ['no key', certificate({ key: nothing }), /the public key is missing/],
  ['no extensions in the list', empty(), /empty list of extensions/],
  [
    'one extension twice',
    certificate(
      {},
      repeat(2, () => extension('1.2.3', nothing)),
    ),
    /extension 1\.2\.3 twice/,
  ],
  [
    '65 extensions',
    certificate(
      {},
      repeat(65, (i) => extension(`1.2.${i}`, nothing)),
    ),
    /more than 64 extensions/,
  ],
  ['critical FALSE', critical(0), /critical in extension 1\.2\.3 is not TRUE/],
  ['critical 1', critical(1), /critical in extension 1\.2\.3 is not TRUE/],
  ['no names', sans(), /subjectAltName without a name/],
  ['65 names', sans(...Array.from({ length: 65 }, (_, i) => name(0x82, `${i}`))), /more than 64 subject names/],
  ['10,000 names', sans(...Array.from({ length: 10_000 }, () => name(0x82, 'a'))), /more than 64 subject names/],
  ['NUL in an e-mail', sans(name(0x81, 'admin@example.org\0.evil.org')), /the email name .*control character/],
  ['a line break in a URI', sans(name(0x86, 'https://a\nhttps://b')), /the uri name .*control character/],
  ['DEL in a DNS name', sans(name(0x82, 'a\x7f')), /the dns name .*control character/],
  ['C1 in another name', sans(other('1.2.3', name(TAG.utf8String, 'a\x85'))), /the other name .*control character/],
  ['an empty name', sans(name(0x81, '')), /the email name is empty/],
  ['a name outside ASCII', sans(name(0x81, 'é@example.org')), /the email name is not ASCII/],
  ['a name that is not UTF-8', sans(formatDer(0x86, Uint8Array.of(0xff))), /the uri name is not UTF-8/],
  ['an IP of 5 bytes', sans(formatDer(0x87, new Uint8Array(5))), /an IP address of 5 bytes/],
  ['an unknown kind of name', sans(name(0x89, 'a')), /a subject name of an unknown kind/],
  [
    'names after the names',
    certificate({}, extension(SAN, concat(sequence(name(0x82, 'a')), sequence()))),
    /bytes after/,
  ],
  [
    'two values in an other name',
    sans(formatDer(0xa0, formatOid('1.2'), formatDer(0xa0, sequence(), sequence()))),
    /after the other/,
  ],
  [
    'an issuer that is no UTF8String',
    certificate({}, extension(ISSUER, name(0x16, 'a'))),
    /Fulcio issuer has tag 0x16/,
  ],
  [
    'an issuer and more',
    certificate({}, extension(ISSUER, concat(name(TAG.utf8String, 'a'), sequence()))),
    /bytes after the Fulcio/,
  ],
  ['an issuer with NUL', certificate({}, extension(ISSUER_RAW, utf8('a\0b'))), /Fulcio issuer .*control character/],
  ['an indefinite length', Uint8Array.from([0x30, 0x80, ...original.subarray(4), 0, 0]), /indefinite length/],
  ['BER deep inside', certificate({ subject: sequence(Uint8Array.of(0x31, 0x80, 0, 0)) }), /indefinite length/],
  ['deep nesting', certificate({ subject: nested(1000) }), /nested too deeply/],
  ['65,537 bytes', new Uint8Array(65_537), /a certificate of 65537 bytes/],
]

function empty(): Uint8Array {
  const parts = Object.values(FIELDS).map((part) => part ?? nothing)
  return sequence(sequence(...parts, formatDer(0xa3, sequence())), rest)
}

t.test('refused, with the reason', async (t) => {
  for (const [what, der, reason] of REFUSED) {
    const why = refusal(() => parseCertificate(der))
    t.match(why, /^CERTIFICATE_MALFORMED /, what)
    t.match(why, reason, what)
  }
})

t.test('any byte changed: another certificate, or refused; never an exception of another kind', async (t) => {
  let taken = 0
  for (const name of ['cert-email-p256', 'cert-names-p521']) {
    const der = readDer(name)
    for (let bit = 0; bit < der.length * 8; bit += 3) {
      const changed = der.slice()
      changed[Math.floor(bit / 8)] = (changed[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8))
      if (refusal(() => parseCertificate(changed)) === 'accepted') taken++
    }
    for (let length = 0; length < der.length; length++)
      t.not(
        refusal(() => parseCertificate(der.subarray(0, length))),
        'accepted',
      )
  }
  t.ok(taken > 0, 'a changed name is another name')
})
