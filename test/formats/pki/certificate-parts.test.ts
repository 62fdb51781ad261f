/** The parts of a certificate, also of one that is not taken. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseCertificate } from '../../../src/formats/pki/certificate.ts'
import { readCertificateParts, readValidity } from '../../../src/formats/pki/certificate-parts.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { refusal, refused } from '../support.ts'

const vector = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../vectors/x509/cert-${name}.der`, import.meta.url)))

t.test('as OpenSSL and the strict parser read them', async (t) => {
  for (const name of ['email-p256', 'names-p521', 'plain-ed25519', 'plain-rsa2048', 'uri-p384']) {
    const der = vector(name)
    const [found, theirs, strict] = [readCertificateParts(der), new X509Certificate(der), parseCertificate(der)]
    t.same(found.spki, strict.spki, name)
    t.same(new Map(found.extensions.map(({ oid, value }) => [oid, value])), strict.extensions, name)
    t.equal(BigInt(`0x${hex(found.serial)}`), BigInt(`0x${theirs.serialNumber}`), name)
    const { from, until } = readValidity(found.validity)
    t.same([from, until], [theirs.validFromDate.getTime(), theirs.validToDate.getTime()], name)
  }
})

t.test('of a version 1 certificate, which is not taken', async (t) => {
  const der = vector('version1')
  refused(() => parseCertificate(der), 'CERTIFICATE_MALFORMED', 'the strict parser')
  t.same(readCertificateParts(der).extensions, [])
})

t.test('cut short anywhere: refused, never a crash', async (t) => {
  const der = vector('names-p521')
  for (let length = 0; length < der.length; length++) {
    try {
      readCertificateParts(der.subarray(0, length))
    } catch (error) {
      if (!(error instanceof TlogError)) t.fail(String(error))
    }
  }
  t.match(
    refusal(() => readCertificateParts(new Uint8Array())),
    /^CERTIFICATE_MALFORMED at byte 0: the certificate is missing/,
  )
})
