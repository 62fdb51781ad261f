import fc from 'fast-check'
import t from 'tap'
import { parseTime } from '../../src/formats/time.ts'
import { refused } from './support.ts'

t.test('agrees with Date on every time from 1970 to 9999', async () => {
  const times = fc.integer({ min: 0, max: 253_402_300_799_999 })
  fc.assert(fc.property(times, (ms) => parseTime(new Date(ms).toISOString()) === ms))
})

t.test('spellings', async (t) => {
  t.equal(parseTime('2024-02-29T23:59:59Z'), Date.UTC(2024, 1, 29, 23, 59, 59))
  t.equal(parseTime('2022-12-31T23:59:59.999000Z'), Date.UTC(2022, 11, 31, 23, 59, 59, 999))
  t.equal(parseTime('2022-12-31T23:59:59.1Z'), Date.UTC(2022, 11, 31, 23, 59, 59, 100))
  for (const text of [
    '',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-00-01T00:00:00Z',
    '2023-01-00T00:00:00Z',
    '2023-01-32T00:00:00Z',
    '2023-01-01T24:00:00Z',
    '2023-01-01T00:00:60Z',
    '2023-01-01T00:00:00',
    '2023-01-01T00:00:00+00:00',
    '2023-01-01 00:00:00Z',
    '2023-1-1T00:00:00Z',
    '2023-01-01T00:00:00.Z',
    '1969-12-31T23:59:59Z',
  ])
    refused(() => parseTime(text), 'TIME_OUT_OF_RANGE', JSON.stringify(text))
})
