/** Times as text: RFC 3339 in UTC, the form in which protojson writes a Timestamp. */

import { type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'

const FORM = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?Z$/
const DAY = 86_400_000
const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** What is finer than a millisecond is cut off. @throws TlogError TIME_OUT_OF_RANGE on another form or before 1970. */
export function parseTime(text: string): UnixMillis {
  const found = FORM.exec(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found?.slice(1, 7).map(Number) ?? []
  const days = MONTHS[month - 1] ?? 0
  if (found === null || year < 1970 || day < 1 || day > days + (month === 2 && isLeap(year) ? 1 : 0))
    throw new TlogError('TIME_OUT_OF_RANGE', `not a time in UTC: ${JSON.stringify(text.slice(0, 40))}`)
  const millis = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3))
  return unixMillis(daysBefore(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + millis)
}

/** Since 1970-01-01, in the Gregorian calendar. */
function daysBefore(year: number, month: number, day: number): number {
  const leaps = (y: number) => Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  const years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
  const months = MONTHS.slice(0, month - 1).reduce((sum, days) => sum + days, 0)
  return years + months + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}
