import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { formatDer, formatOid, formatUnsigned, TAG } from '../../../src/formats/pki/der.ts'
import { formatSpki, parseSpki } from '../../../src/formats/pki/spki.ts'
import { concat } from '../../../src/kernel/bytes.ts'
import { readDer } from '../../crypto/sides.ts'
import { everyByteCounts, refusal } from '../support.ts'

t.test('the seven kinds that may sign, as OpenSSL writes them', async (t) => {
  const kinds = {
    p256: { kind: 'ec', curve: 'P-256' },
    p384: { kind: 'ec', curve: 'P-384' },
    p521: { kind: 'ec', curve: 'P-521' },
    rsa2048: { kind: 'rsa', bits: 2048, exponent: Uint8Array.of(1, 0, 1) },
    rsa3072: { kind: 'rsa', bits: 3072 },
    rsa4096: { kind: 'rsa', bits: 4096 },
    ed25519: { kind: 'ed25519' },
  }
  for (const [name, wanted] of Object.entries(kinds)) {
    const der = readDer(`key-${name}`)
    const key = parseSpki(der)
    t.match(key, wanted, name)
    t.same(formatSpki(key), der, `${name} prints back`)
  }
})

t.test('no byte can be changed unseen', async () => {
  for (const name of ['p256', 'ed25519']) everyByteCounts(readDer(`key-${name}`), (der) => formatSpki(parseSpki(der)))
})

const integer = (...bytes: number[]) => formatUnsigned(Uint8Array.from(bytes))
const bits = (...content: Uint8Array[]) => formatDer(TAG.bitString, Uint8Array.of(0), ...content)
const NULL = formatDer(TAG.null)
const EC = formatOid('1.2.840.10045.2.1')
const P256 = formatOid('1.2.840.10045.3.1.7')
const RSA = formatOid('1.2.840.113549.1.1.1')
const ED25519 = formatOid('1.3.101.112')
const modulus = (bytes: number, first = 0x80, last = 1) =>
  formatUnsigned(Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? first : i === bytes - 1 ? last : 7)))

function spki(identifier: Uint8Array[], ...rest: Uint8Array[]): Uint8Array {
  return formatDer(TAG.sequence, formatDer(TAG.sequence, ...identifier), ...rest)
}

function rsa(n: Uint8Array, e: Uint8Array): Uint8Array {
  return spki([RSA, NULL], bits(formatDer(TAG.sequence, n, e)))
}

const good = readDer('key-p256')
const point = good.slice(-65)
const offCurve = point.map((byte, i) => (i === 64 ? byte ^ 1 : byte))
// p and above: another spelling of a small x.
const aboveP = Uint8Array.from([4, ...new Array(64).fill(0xff)])
const ed = new Uint8Array(32).fill(5)

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['secp256k1', readDer('key-secp256k1'), /^KEY_NOT_ALLOWED a key on the curve secp256k1/],
  ['P-224', readDer('key-p224'), /^KEY_NOT_ALLOWED a key on the curve P-224/],
  ['brainpool', readDer('key-brainpool'), /^KEY_NOT_ALLOWED a key on the curve brainpoolP256r1/],
  ['explicit parameters', readDer('key-p256-explicit'), /^KEY_NOT_ALLOWED .*explicit parameters/],
  ['compressed', readDer('key-p256-compressed'), /^KEY_NOT_ALLOWED a compressed point/],
  ['hybrid', readDer('key-p256-hybrid'), /^KEY_NOT_ALLOWED a point in hybrid form/],
  ['infinity', spki([EC, P256], bits(Uint8Array.of(0))), /^KEY_NOT_ALLOWED the point at infinity/],
  ['implicit curve', spki([EC, NULL], bits(point)), /^KEY_NOT_ALLOWED an elliptic curve without a name/],
  ['RSA-PSS', readDer('key-rsa-pss'), /^KEY_NOT_ALLOWED a key for RSASSA-PSS/],
  ['RSA-1024', readDer('key-rsa1024'), /^KEY_NOT_ALLOWED an RSA key of 1024 bits/],
  ['RSA with e = 3', readDer('key-rsa-e3'), /^KEY_NOT_ALLOWED an RSA exponent of 2 bits, odd/],
  ['X25519', readDer('key-x25519'), /^KEY_NOT_ALLOWED a key for X25519/],
  ['Ed448', readDer('key-ed448'), /^KEY_NOT_ALLOWED a key for Ed448/],
  ['DSA', readDer('key-dsa'), /^KEY_NOT_ALLOWED a key for DSA/],
  [
    'an unknown kind',
    spki([formatOid('1.2.3.4')], bits(ed)),
    /^KEY_NOT_ALLOWED a key for the unknown algorithm 1\.2\.3\.4/,
  ],
  ['RSA-8192', rsa(modulus(1024), integer(1, 0, 1)), /^KEY_NOT_ALLOWED an RSA key of 8192 bits/],
  ['RSA-2047', rsa(modulus(256, 0x40), integer(1, 0, 1)), /^KEY_NOT_ALLOWED an RSA key of 2047 bits/],
  ['RSA-2056', rsa(modulus(257), integer(1, 0, 1)), /^KEY_NOT_ALLOWED an RSA key of 2056 bits/],
  ['an even modulus', rsa(modulus(256, 0x80, 2), integer(1, 0, 1)), /^KEY_MALFORMED an even RSA modulus/],
  ['e = 1', rsa(modulus(256), integer(1)), /^KEY_NOT_ALLOWED an RSA exponent of 1 bits/],
  ['an even e', rsa(modulus(256), integer(1, 0, 2)), /^KEY_NOT_ALLOWED an RSA exponent of 17 bits, even/],
  ['e of 32 bits', rsa(modulus(256), integer(0x80, 0, 0, 1)), /^KEY_NOT_ALLOWED an RSA exponent of 32 bits/],
  ['e of 2048 bits', rsa(modulus(256), modulus(256)), /^KEY_NOT_ALLOWED an RSA exponent of 2048 bits/],
  [
    'RSA without NULL',
    spki([RSA], bits(formatDer(TAG.sequence, modulus(256), integer(1, 0, 1)))),
    /^KEY_MALFORMED .*RSA/,
  ],
  [
    'a negative modulus',
    rsa(formatDer(TAG.integer, Uint8Array.of(0x80, 1)), integer(1, 0, 1)),
    /^KEY_MALFORMED .*negative/,
  ],
  [
    'a padded exponent',
    rsa(modulus(256), formatDer(TAG.integer, Uint8Array.of(0, 1, 0, 1))),
    /^KEY_MALFORMED .*padded/,
  ],
  ['off the curve', spki([EC, P256], bits(offCurve)), /^KEY_MALFORMED the point is not on P-256/],
  ['coordinates above p', spki([EC, P256], bits(aboveP)), /^KEY_MALFORMED the point is not on P-256/],
  ['a short point', spki([EC, P256], bits(point.slice(0, 64))), /^KEY_MALFORMED not a point of P-256: 64 bytes/],
  ['no point', spki([EC, P256], bits()), /^KEY_MALFORMED not a point of P-256: 0 bytes/],
  ['a curve and more', spki([EC, P256, NULL], bits(point)), /^KEY_MALFORMED .*bytes after the curve/],
  ['Ed25519 with NULL', spki([ED25519, NULL], bits(ed)), /^KEY_MALFORMED .*takes no parameters/],
  ['a short Ed25519 key', spki([ED25519], bits(ed.slice(1))), /^KEY_MALFORMED an Ed25519 key of 31 bytes/],
  ['a third element', spki([ED25519], bits(ed), NULL), /^KEY_MALFORMED .*bytes after the Ed25519 key/],
  ['bytes after', concat(good, Uint8Array.of(0)), /^KEY_MALFORMED .*bytes after SubjectPublicKeyInfo/],
  ['nothing', new Uint8Array(0), /^KEY_MALFORMED .*SubjectPublicKeyInfo is missing/],
  ['a certificate', readDer('cert-email-p256'), /^KEY_MALFORMED /],
  ['a huge one', new Uint8Array(2000), /^KEY_MALFORMED a public key of 2000 bytes/],
]

t.test('refused with a reason that names what it is', async (t) => {
  for (const [what, der, reason] of REFUSED)
    t.match(
      refusal(() => parseSpki(der)),
      reason,
      what,
    )
})

t.test('an exponent of 17 to 31 bits is taken', async (t) => {
  for (const publicExponent of [65_537, 65_539, 2 ** 31 - 1]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent })
    t.match(parseSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))), { kind: 'rsa', bits: 2048 })
  }
})
