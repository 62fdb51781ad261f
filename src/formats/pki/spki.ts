/**
 * Public keys as X.509 SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), in the one encoding that Go's x509 package writes.
 * What another verifier would read otherwise, or not at all, is refused: it could be logged and never checked.
 */

import { CURVES, isOnCurve, parsePoint } from '../../crypto/curves.ts'
import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { DerReader, formatDer, formatOid, formatUnsigned, TAG } from './der.ts'

export type Curve = 'P-256' | 'P-384' | 'P-521'
export type RsaBits = 2048 | 3072 | 4096

export interface EcKey {
  readonly kind: 'ec'
  readonly curve: Curve
  /** Uncompressed, 0x04 || x || y, and on the curve. */
  readonly point: Uint8Array
  readonly der: Uint8Array
}

export interface RsaKey {
  readonly kind: 'rsa'
  readonly bits: RsaBits
  /** Big-endian, bits/8 bytes. */
  readonly modulus: Uint8Array
  /** Big-endian, without leading zeros. */
  readonly exponent: Uint8Array
  readonly der: Uint8Array
}

export interface Ed25519Key {
  readonly kind: 'ed25519'
  /** 32 bytes. Whether they encode a point is found when a signature is checked. */
  readonly bytes: Uint8Array
  readonly der: Uint8Array
}

/** A key of a kind that may sign entries. `der` is the whole SubjectPublicKeyInfo. */
export type PublicKey = EcKey | RsaKey | Ed25519Key

/** Room to name an RSA key that is too large; the largest that may sign takes 554. */
const MAX_BYTES = 1100

const EC = '1.2.840.10045.2.1'
const RSA = '1.2.840.113549.1.1.1'
const ED25519 = '1.3.101.112'
const CURVE_OIDS = { 'P-256': '1.2.840.10045.3.1.7', 'P-384': '1.3.132.0.34', 'P-521': '1.3.132.0.35' } as const
const CURVE_NAMES: ReadonlyMap<string, Curve> = new Map(
  (Object.keys(CURVE_OIDS) as Curve[]).map((curve) => [CURVE_OIDS[curve], curve]),
)

/** The identifiers, which are compared for every entry that is read. */
const DER_OF: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  [EC, RSA, ED25519, ...Object.values(CURVE_OIDS)].map((oid) => [oid, formatOid(oid)]),
)

/** What is refused is named, so that its owner understands. */
const KNOWN: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.7': 'RSAES-OAEP',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.10046.2.1': 'Diffie-Hellman',
  '1.3.132.1.12': 'ECDH',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.113': 'Ed448',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
  '1.3.132.0.10': 'secp256k1',
  '1.3.132.0.33': 'P-224',
  '1.2.840.10045.3.1.1': 'P-192',
  '1.2.156.10197.1.301': 'SM2',
  '1.3.36.3.3.2.8.1.1.7': 'brainpoolP256r1',
}

/**
 * @throws TlogError KEY_MALFORMED unless canonical DER of a key that exists (a point on its curve);
 *   KEY_NOT_ALLOWED, naming what it is, for a good key of another kind, curve, size or form.
 */
export function parseSpki(der: Uint8Array): PublicKey {
  if (der.length > MAX_BYTES) throw new TlogError('KEY_MALFORMED', `a public key of ${der.length} bytes`)
  const outer = new DerReader(der, 'KEY_MALFORMED')
  const spki = outer.enter(TAG.sequence, 'SubjectPublicKeyInfo')
  outer.end('SubjectPublicKeyInfo')
  const identifier = spki.enter(TAG.sequence, 'the algorithm')
  const algorithm = identifier.oid('the algorithm')
  const read = READERS[algorithm] ?? refuse(`a key for ${name(algorithm)}`)
  const key = read(identifier, spki)
  if (!equal(formatSpki(key), der)) throw new TlogError('KEY_MALFORMED', 'the key is not in its canonical encoding')
  return { ...key, der }
}

type Material = Omit<EcKey, 'der'> | Omit<RsaKey, 'der'> | Omit<Ed25519Key, 'der'>
type Reader = (identifier: DerReader, spki: DerReader) => Material

const READERS: Readonly<Record<string, Reader>> = { [EC]: readEc, [RSA]: readRsa, [ED25519]: readEd25519 }

function readEc(identifier: DerReader, spki: DerReader): Omit<EcKey, 'der'> {
  if (identifier.tag === TAG.sequence) refuse('an elliptic curve given by explicit parameters')
  if (identifier.tag === TAG.null) refuse('an elliptic curve without a name')
  const oid = identifier.oid('the curve')
  identifier.end('the curve')
  const curve = CURVE_NAMES.get(oid) ?? refuse(`a key on the curve ${name(oid)}`)
  const point = spki.bits('the point')
  spki.end('the point')
  return { kind: 'ec', curve, point: checkedPoint(curve, point) }
}

function checkedPoint(curve: Curve, point: Uint8Array): Uint8Array {
  const [form = -1] = point
  if (form === 0) refuse('the point at infinity')
  if (form === 2 || form === 3) refuse('a compressed point')
  if (form === 6 || form === 7) refuse('a point in hybrid form')
  const parameters = CURVES[curve]
  if (form !== 4 || point.length !== 1 + 2 * parameters.bytes)
    throw new TlogError('KEY_MALFORMED', `not a point of ${curve}: ${point.length} bytes`)
  if (!isOnCurve(parameters, parsePoint(parameters, point)))
    throw new TlogError('KEY_MALFORMED', `the point is not on ${curve}`)
  return point
}

function readRsa(identifier: DerReader, spki: DerReader): Omit<RsaKey, 'der'> {
  if (identifier.read(TAG.null, 'the RSA parameters').length !== 0) identifier.fail('the RSA parameters are not NULL')
  identifier.end('the RSA parameters')
  const outer = new DerReader(spki.bits('the RSA key'), 'KEY_MALFORMED')
  const key = outer.enter(TAG.sequence, 'RSAPublicKey')
  outer.end('RSAPublicKey')
  spki.end('the RSA key')
  const modulus = key.unsigned('the modulus')
  const exponent = key.unsigned('the exponent')
  key.end('the exponent')
  return { kind: 'rsa', bits: checkedSize(modulus), modulus, exponent: checkedExponent(exponent) }
}

function checkedSize(modulus: Uint8Array): RsaBits {
  const bits = bitLength(modulus)
  if (bits !== 2048 && bits !== 3072 && bits !== 4096) refuse(`an RSA key of ${bits} bits, not 2048, 3072 or 4096`)
  if (!isOdd(modulus)) throw new TlogError('KEY_MALFORMED', 'an even RSA modulus')
  return bits
}

// Go refuses an exponent above 2^31-1: nobody could check what such a key signed.
function checkedExponent(exponent: Uint8Array): Uint8Array {
  const bits = bitLength(exponent)
  if (bits < 17 || bits > 31 || !isOdd(exponent))
    refuse(`an RSA exponent of ${bits} bits, ${isOdd(exponent) ? 'odd' : 'even'}; it must be odd, of 17 to 31 bits`)
  return exponent
}

function readEd25519(identifier: DerReader, spki: DerReader): Omit<Ed25519Key, 'der'> {
  identifier.end('id-Ed25519, which takes no parameters')
  const bytes = spki.bits('the Ed25519 key')
  spki.end('the Ed25519 key')
  if (bytes.length !== 32) throw new TlogError('KEY_MALFORMED', `an Ed25519 key of ${bytes.length} bytes`)
  return { kind: 'ed25519', bytes }
}

/** The inverse of parseSpki. */
export function formatSpki(key: Material): Uint8Array {
  if (key.kind === 'ec') return spkiOf([EC, CURVE_OIDS[key.curve]].map(known), key.point)
  if (key.kind === 'ed25519') return spkiOf([known(ED25519)], key.bytes)
  const numbers = formatDer(TAG.sequence, formatUnsigned(key.modulus), formatUnsigned(key.exponent))
  return spkiOf([known(RSA), formatDer(TAG.null)], numbers)
}

function known(oid: string): Uint8Array {
  return DER_OF[oid] ?? formatOid(oid)
}

function spkiOf(identifier: readonly Uint8Array[], key: Uint8Array): Uint8Array {
  return formatDer(
    TAG.sequence,
    formatDer(TAG.sequence, ...identifier),
    formatDer(TAG.bitString, Uint8Array.of(0), key),
  )
}

function bitLength(magnitude: Uint8Array): number {
  const [first = 0] = magnitude
  return magnitude.length * 8 - (first === 0 ? 8 : Math.clz32(first) - 24)
}

function isOdd(magnitude: Uint8Array): boolean {
  return (magnitude.at(-1) ?? 0) % 2 === 1
}

function name(oid: string): string {
  return KNOWN[oid] ?? `the unknown algorithm ${oid}`
}

function refuse(what: string): never {
  throw new TlogError('KEY_NOT_ALLOWED', `${what} may not sign here`)
}
