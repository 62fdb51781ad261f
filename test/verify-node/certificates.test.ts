/** The port to sigstore-js: what comes through it, and that each of its questions can be answered with no. */

import t from 'tap'
import { parseTime } from '../../src/formats/time.ts'
import { unixMillis } from '../../src/kernel/brand.ts'
import { certificateChecks } from '../../src/verify-node/certificates.ts'
import { readCase } from '../verify/conformance.ts'
import { flipped, refusedWith } from '../verify/support.ts'

const { openTimestamp, verifyCertificate } = certificateChecks

function partsOf(name: string) {
  const given = readCase(name)
  const { material, timestamps, content } = given.bundle()
  const { root } = given.trust()
  const [response] = timestamps
  if (response === undefined || material.kind !== 'certificate') throw new Error(`${name} has both`)
  return { leaf: material.leaf, response, signature: content.signature, root }
}

t.test('a timestamp', async (t) => {
  for (const name of ['rekor2-happy-path', 'rekor2-timestamp-with-embedded-cert', 'intoto-with-custom-trust-root']) {
    const { response, signature, root } = partsOf(name)
    const authorities = root.timestampAuthorities
    const stamp = await openTimestamp(response, signature, authorities)
    t.equal(stamp?.authority, authorities[0], name)
    await refusedWith(
      'TIMESTAMP_INVALID',
      () => openTimestamp(response, flipped(signature, 1), authorities),
      'another signature',
    )
    t.equal(await openTimestamp(response, signature, []), null, 'a stranger')
    const until = (end: string) => authorities.map((one) => ({ ...one, validFor: { ...one.validFor, end } }))
    await refusedWith(
      'TIMESTAMP_INVALID',
      () => openTimestamp(response, signature, until('2022-01-01T00:00:00Z')),
      'after its authority',
    )
    await refusedWith('TIMESTAMP_INVALID', () => openTimestamp(response.subarray(1), signature, authorities), 'cut')
  }
})

t.test('of a timestamp nothing can be flipped but what is listed', async (t) => {
  for (const [name, isOpen] of [
    ['intoto-with-custom-trust-root', () => false],
    // Certificates that came along prove nothing: that of the authority is in the trusted root.
    ['rekor2-timestamp-with-embedded-cert', (byte: number) => byte >= 243 && byte < 790],
  ] as const) {
    const { response, signature, root } = partsOf(name)
    const survivors: number[] = []
    // A bit every few bytes: each costs two chains. test/verify/mutations.test.ts can flip all.
    for (let bit = 0; bit < response.length * 8; bit += 37) {
      const byte = Math.floor(bit / 8)
      // Byte 8: granted and grantedWithMods are both yes.
      if (byte === 8 || isOpen(byte)) continue
      const stamp = await openTimestamp(flipped(response, bit), signature, root.timestampAuthorities).catch(() => null)
      if (stamp !== null) survivors.push(byte)
    }
    t.same(survivors, [], name)
  }
})

t.test('a certificate', async (t) => {
  const { leaf, response, signature, root } = partsOf('rekor2-happy-path')
  const stamp = await openTimestamp(response, signature, root.timestampAuthorities)
  if (stamp === null) throw new Error('its authority is known')
  const logs = await verifyCertificate(leaf, [stamp.time], root)
  t.same(
    logs,
    root.ctLogs.filter(({ logId }) => Buffer.from(logId).equals(logs[0] ?? new Uint8Array())).map(({ logId }) => logId),
  )
  const hour = unixMillis(stamp.time + 3_600_000)
  const no = async (name: string, run: () => Promise<unknown>) => refusedWith('CERTIFICATE_UNTRUSTED', run, name)
  await no('no time', () => verifyCertificate(leaf, [], root))
  await no('a time after it', () => verifyCertificate(leaf, [hour], root))
  await no('one good time of two', () => verifyCertificate(leaf, [stamp.time, hour], root))
  await no('no authority', () => verifyCertificate(leaf, [stamp.time], { ...root, certificateAuthorities: [] }))
  await no('no certificate log', () => verifyCertificate(leaf, [stamp.time], { ...root, ctLogs: [] }))
  const late = root.certificateAuthorities.map((one) => ({ ...one, validFor: { start: '2030-01-01T00:00:00Z' } }))
  await no('an authority of another time', () =>
    verifyCertificate(leaf, [stamp.time], { ...root, certificateAuthorities: late }),
  )
  const gone = root.ctLogs.map((one) => ({
    ...one,
    validFor: { start: '2000-01-01T00:00:00Z', end: '2001-01-01T00:00:00Z' },
  }))
  await no('a certificate log of another time', () => verifyCertificate(leaf, [stamp.time], { ...root, ctLogs: gone }))
  const anchor = root.certificateAuthorities[0]?.chain.at(-1) ?? new Uint8Array()
  await no('an authority itself', () => verifyCertificate(anchor, [stamp.time], root))
  for (let bit = 0; bit < leaf.length * 8; bit += 57)
    await no(`bit ${bit}`, () => verifyCertificate(flipped(leaf, bit), [stamp.time], root))
  t.ok(parseTime('2026-01-01T00:00:00Z') > stamp.time)
})
