/** A certificate's path to a root: what leads there, and what does not. */

import t from 'tap'
import { unixMillis } from '../../src/kernel/brand.ts'
import { hex } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { verifyPath } from '../../src/verify-node/path.ts'
import {
  AUTHORITY,
  authorityOver,
  type CertificateOptions,
  CODE,
  CONSTRAINED,
  certificateOf,
  ISSUES,
  type Made,
  SIGNS,
} from './make-certificate.ts'

const NOW = unixMillis(Date.parse('2027-06-01T00:00:00Z'))
const authority = (options: Partial<CertificateOptions> = {}) =>
  certificateOf({ subject: 'an authority', extensions: [AUTHORITY, ISSUES], ...options })
const signer = (issuer: Made, options: Partial<CertificateOptions> = {}) =>
  certificateOf({ subject: 'a signer', issuer, extensions: [SIGNS, CODE], ...options })

const root = authority({ subject: 'root' })
const between = authority({ issuer: root, subject: 'between' })
const leaf = signer(between)

function verdict(leaf: Made, others: readonly Made[], roots: readonly Made[] = [root], time = NOW): string {
  try {
    return hex(
      verifyPath({ leaf: leaf.der, others: others.map(({ der }) => der), roots: roots.map(({ der }) => der) }, time),
    )
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

t.test('leads there, and it says to which', async (t) => {
  const other = authority({ subject: 'other' })
  t.equal(verdict(signer(root), []), hex(root.der), 'signed by a root')
  t.equal(verdict(leaf, [between]), hex(root.der))
  t.equal(verdict(leaf, [between], [other, root]), hex(root.der))
  t.equal(verdict(leaf, [other, between, root], [root]), hex(root.der), 'whatever else came along')
  t.equal(verdict(leaf, [], [between]), hex(between.der), 'whoever names one in the middle trusts it')
  const twins = [authority({ issuer: root, subject: 'between' }), between]
  t.equal(verdict(leaf, twins), hex(root.der), 'two of one name')
  let link = root
  const chain = Array.from({ length: 8 }, (_, i) => (link = authority({ issuer: link, subject: `${i}` })))
  t.equal(verdict(signer(link), chain), hex(root.der), 'eight between')
})

t.test('does not', async (t) => {
  const stranger = authority({ subject: 'root' })
  const narrow = authority({ issuer: root, extensions: [authorityOver(0), ISSUES], subject: 'narrow' })
  const below = authority({ issuer: narrow, subject: 'below' })
  let link = root
  const chain = Array.from({ length: 9 }, (_, i) => (link = authority({ issuer: link, subject: `${i}` })))
  const old = authority({ issuer: root, until: '270101000000Z', subject: 'old' })
  const young = authority({ issuer: root, from: '300101000000Z', subject: 'young' })
  const plain = certificateOf({ issuer: root, subject: 'plain', extensions: [SIGNS] })
  const halfway = certificateOf({ issuer: root, subject: 'half', extensions: [AUTHORITY, SIGNS] })
  const bound = authority({ issuer: root, subject: 'bound', extensions: [AUTHORITY, ISSUES, CONSTRAINED] })
  const curve = authority({ issuer: root, subject: 'curve', curve: 'secp256k1' })
  const weak = signer(root, { scheme: '1.2.840.10045.4.1' })
  const forged = signer({ ...root, key: stranger.key })
  for (const [name, found, why] of [
    ['without the one between', verdict(leaf, []), /nobody whose root was named signed/],
    ['no root', verdict(leaf, [between], []), /nobody whose root was named/],
    ['a root of the same name', verdict(leaf, [between], [stranger]), /nobody whose root was named/],
    ['a root that came along', verdict(leaf, [between, root], [stranger]), /nobody whose root was named/],
    ['signed by another key', verdict(forged, []), /nobody whose root was named/],
    ['SHA-1', verdict(weak, []), /nobody whose root was named/],
    ['itself alone', verdict(authority(), []), /nobody whose root was named/],
    ['too many between', verdict(signer(link), chain), /more than 8 certificates/],
    ['a chain too deep', verdict(signer(below), [below, narrow]), /may have no more than 0 authorities below it/],
    ['no authority', verdict(signer(plain), [plain]), /is no authority|nobody whose root/],
    ['an authority that may not issue', verdict(signer(halfway), [halfway]), /is no authority|nobody whose root/],
    [
      'an authority bound to names',
      verdict(signer(bound), [bound]),
      /critical extension that is not understood: 2.5.29.30/,
    ],
    [
      'an authority that ended',
      verdict(signer(old), [old]),
      /"CN=old" is valid from .* to 2027-01-01T00:00:00.000Z alone/,
    ],
    ['one that has not begun', verdict(signer(young), [young]), /is valid from 2030/],
    ['a signer that ended', verdict(signer(root, { until: '270101000000Z' }), []), /is valid from/],
    ['a root that ended', verdict(leaf, [between], [root], unixMillis(Date.parse('2040-01-01'))), /is valid from/],
    ['another curve', verdict(signer(curve), [curve]), /^KEY_NOT_ALLOWED|nobody whose root/],
    ['no certificate', verdict({ ...leaf, der: leaf.der.subarray(1) }, [between]), /^CERTIFICATE_MALFORMED/],
    ['what came along is none', verdict(leaf, [{ ...between, der: new Uint8Array(3) }]), /^CERTIFICATE_MALFORMED/],
  ] as const)
    t.match(found, why, name)
})

t.test('every bit of a signature counts', async (t) => {
  const { der } = signer(root)
  let good = 0
  for (let at = 0; at < der.length; at++) {
    const changed = der.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
    if (/^[0-9a-f]+$/.test(verdict({ ...leaf, der: changed }, []))) good++
  }
  t.equal(good, 0)
})
