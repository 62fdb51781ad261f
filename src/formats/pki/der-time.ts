/** Times in DER (RFC 5280 §4.1.2.5, RFC 3161 §2.4.2). */

import type { UnixMillis } from '../../kernel/brand.ts'
import { parseUtf8 } from '../../kernel/bytes.ts'
import { parseTime } from '../time.ts'
import { type DerReader, TAG } from './der.ts'

/** The next value, which must be a UTCTime or a GeneralizedTime in UTC, with or without a fraction of a second. */
export function readDerTime(reader: DerReader, what: string): UnixMillis {
  const isShort = reader.tag === TAG.utcTime
  const bytes = reader.read(isShort ? TAG.utcTime : TAG.generalizedTime, what)
  const text = parseUtf8(bytes.subarray(0, 32))
  const whole = isShort ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)((?:\.\d{1,9})?)Z$/.exec(whole)
  if (found === null) return reader.fail(`${what} is no time in UTC`)
  const [, year, month, day, hour, minute, second, fraction] = found
  return parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`)
}
