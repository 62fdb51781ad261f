/** Numbers of bytes for people. */

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** In powers of ten, as file managers count. */
export function inUnits(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${UNITS[unit]}`
}

/** `120 MB of 1.0 GB, 210 MB/s`, and about how long it will still take. */
export function progressText(done: number, total: number, ms: number): string {
  const so = `${inUnits(done)} of ${inUnits(total)}`
  if (ms < 500) return so
  const rate = (done / ms) * 1000
  const seconds = Math.ceil((total - done) / rate)
  const left = seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return `${so}, ${inUnits(rate)}/s, ${left} left`
}
