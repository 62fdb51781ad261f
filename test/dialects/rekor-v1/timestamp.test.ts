/** RFC 3161 responses as entries: a signature that holds, by a certificate that came along. */

import t from 'tap'
import { closeCrypto } from '../../../src/crypto/node.ts'
import { requireTimestamp } from '../../../src/dialects/rekor-v1/timestamp.ts'
import { formatDer, TAG } from '../../../src/formats/pki/der.ts'
import { readTimestampParts } from '../../../src/formats/pki/timestamp-parts.ts'
import { readTimestampSignature } from '../../../src/formats/pki/timestamp-signature.ts'
import { concat, hex, parseHex } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { EMBEDDED_TIMESTAMP, timestampOf } from '../../formats/pki/embedded-timestamp.ts'

t.teardown(closeCrypto)

const RESPONSE = EMBEDDED_TIMESTAMP

async function verdict(response: Uint8Array): Promise<string> {
  try {
    await requireTimestamp(response)
    return 'good'
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

/** The one place where these bytes stand, replaced by as many others. */
function replaced(from: string, to: string, response = RESPONSE): Uint8Array {
  const parts = hex(response).split(from)
  if (parts.length !== 2 || from.length !== to.length) throw new Error(`${from} stands ${parts.length - 1} times`)
  return parseHex(parts.join(to))
}

t.test('a response with its certificate', async (t) => {
  t.equal(await verdict(RESPONSE), 'good')
  for (const name of ['rekor2-dsse-happy-path', 'managed-key-happy-path'])
    t.match(await verdict(timestampOf(name)), /^CERTIFICATE_MALFORMED .*is not in the response/, name)
})

t.test('nothing of what was stamped can be changed, nor of the signature', async (t) => {
  const { info, message, bytes } = readTimestampSignature(RESPONSE)
  const attributes = message.subarray(2 + (message[1] === 0x81 ? 1 : 0)) // in the response under another tag
  const { signerIssuer, signerSerial } = readTimestampParts(RESPONSE).token ?? {
    signerIssuer: info,
    signerSerial: info,
  }
  let flips = 0
  for (const part of [info, attributes, bytes, signerIssuer, signerSerial]) {
    const start = hex(RESPONSE).lastIndexOf(hex(part)) / 2
    for (let at = start; at < start + part.length; at++) {
      const changed = RESPONSE.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
      if ((await verdict(changed)) === 'good') t.fail(`byte ${at} may be changed`)
      flips++
    }
  }
  t.ok(flips > 400, `${flips} flips`)
})

t.test('refused, with the reason', async (t) => {
  const timestamping = '06082b06010505070308'
  const rsa = formatDer(TAG.sequence, parseHex('06082a864886f70d0101'))
  for (const [response, why] of [
    [RESPONSE.subarray(0, -1), /^DER_MALFORMED/],
    [concat(RESPONSE, Uint8Array.of(0)), /^DER_MALFORMED at byte 1260/],
    [new Uint8Array(10 * 1024 + 1), /^DER_MALFORMED a timestamp of 10241 bytes, above 10240/],
    [replaced('0201003082', '0201023082'), /^DER_MALFORMED .*the status is 2, not granted/],
    [replaced(timestamping, '06082b06010505070303'), /^CERTIFICATE_MALFORMED .*not one for timestamps alone/],
    [rsa, /^DER_MALFORMED/],
  ] as const)
    t.match(await verdict(response), why)
})

t.test('algorithms go together', async (t) => {
  const { bytes } = readTimestampSignature(RESPONSE)
  const scheme = '300a06082a8648ce3d040302'
  const signed = `${scheme}04${hex(Uint8Array.of(bytes.length))}${hex(bytes)}`
  for (const [other, why] of [
    ['300a06082a8648ce3d040303', /^DER_MALFORMED .*do not go together/],
    ['300a06082a8648ce3d040304', /^DER_MALFORMED .*do not go together/],
    ['300a06082a8648ce3d040301', /^DER_MALFORMED .*the signature algorithm is/], // SHA-224
  ] as const)
    t.match(await verdict(replaced(signed, signed.replace(scheme, other))), why)
})
