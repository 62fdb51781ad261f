/** What a timestamp says. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import { formatDer, formatUnsigned, TAG } from '../../../src/formats/pki/der.ts'
import { readTimestampParts } from '../../../src/formats/pki/timestamp-parts.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { refusal } from '../support.ts'

const CASES = new URL('../../vectors/sigstore-conformance/bundle-verify/', import.meta.url)

function bundle(name: string) {
  const { verificationMaterial, messageSignature } = JSON.parse(
    readFileSync(new URL(`${name}/bundle.sigstore.json`, CASES), 'utf8'),
  )
  const [one] = verificationMaterial.timestampVerificationData.rfc3161Timestamps
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
  return { der: bytes(one.signedTimestamp), signature: bytes(messageSignature.signature) }
}

t.test('its imprint is the hash of the signature; certificates may come along', async (t) => {
  for (const [name, certificates] of [
    ['rekor2-timestamp-with-embedded-cert', 1],
    ['rekor2-timestamp-without-embedded-cert', 0],
  ] as const) {
    const { der, signature } = bundle(name)
    const { status, token } = readTimestampParts(der)
    t.equal(status, 0)
    t.match(token, { hashAlgorithm: '2.16.840.1.101.3.4.2.1', certificates: { length: certificates } }, name)
    t.equal(hex(token?.imprint ?? new Uint8Array()), hex(sha256(signature)), name)
  }
})

t.test('an authority that refused', async (t) => {
  const refused = formatDer(TAG.sequence, formatDer(TAG.sequence, formatUnsigned(Uint8Array.of(2))))
  t.same(readTimestampParts(refused), { status: 2, token: null })
})

t.test('cut short anywhere: refused, never a crash', async (t) => {
  const { der } = bundle('rekor2-timestamp-with-embedded-cert')
  for (let length = 0; length < der.length; length++) {
    try {
      readTimestampParts(der.subarray(0, length))
      t.fail(`accepted ${length} bytes`)
    } catch (error) {
      if (!(error instanceof TlogError)) t.fail(String(error))
    }
  }
  t.match(
    refusal(() => readTimestampParts(new Uint8Array())),
    /^DER_MALFORMED at byte 0/,
  )
})
