/** Times in DER. */

import t from 'tap'
import { DerReader, formatDer, TAG } from '../../../src/formats/pki/der.ts'
import { readDerTime } from '../../../src/formats/pki/der-time.ts'
import { encode, refusal } from '../support.ts'

const read = (tag: number, text: string) => readDerTime(new DerReader(formatDer(tag, encode(text))), 'the time')

t.test('both forms', async (t) => {
  const cases: readonly (readonly [number, string, string])[] = [
    [TAG.utcTime, '260131235959Z', '2026-01-31T23:59:59.000Z'],
    [TAG.utcTime, '490101000000Z', '2049-01-01T00:00:00.000Z'],
    [TAG.utcTime, '700101000000Z', '1970-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '20260131235959.5Z', '2026-01-31T23:59:59.500Z'],
  ]
  for (const [tag, text, expected] of cases) t.equal(new Date(read(tag, text)).toISOString(), expected, text)
})

t.test('what is no time in UTC', async (t) => {
  for (const text of ['260131235959', '260131235959+0100', '26013123595Z', '500101000000Z', '260230000000Z', ''])
    t.match(
      refusal(() => read(TAG.utcTime, text)),
      /^(DER_MALFORMED|TIME_OUT_OF_RANGE) /,
      text,
    )
  for (const text of ['20260131235959', '20260131235960Z', '2026013123595Z', '20260131235959.Z'])
    t.match(
      refusal(() => read(TAG.generalizedTime, text)),
      /^(DER_MALFORMED|TIME_OUT_OF_RANGE) /,
      text,
    )
  t.match(
    refusal(() => read(TAG.null, '')),
    /^DER_MALFORMED at byte 0: the time has tag 0x05/,
  )
})
