/** From the text of a setting to its value. Each takes one spelling; what it throws says what would have been taken. */

import type { Endpoint } from '../http/listen.ts'

/** Of a value in a message. */
const SHOWN = 64

/** HOST:PORT, [IPv6]:PORT. */
export function parseHostPort(text: string): Endpoint & { kind: 'tcp' } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw new Error(`not HOST:PORT: ${text.slice(0, SHOWN)}`)
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port: parsePort(match[3] ?? '') }
}

const parsePort = wholeNumber(0, 65_535)

/** HOST:PORT, or `unix:` and an absolute path. */
export function parseEndpoint(text: string): Endpoint {
  if (!text.startsWith('unix:')) return parseHostPort(text)
  const path = text.slice('unix:'.length)
  // The kernel's own bound (sun_path); a longer path would be cut without a word.
  if (!/^\/[^\0]*[^\0/]$/.test(path) || new TextEncoder().encode(path).length > 103)
    throw new Error(`not unix: and an absolute path of at most 103 bytes: ${text.slice(0, 128)}`)
  return { kind: 'unix', path }
}

/** Scheme, host and port: clients derive a log from the host name, so that a path has no place. */
export function parseUrl(text: string): string {
  const url = parseAnyUrl(text)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/')
    throw new Error('scheme, host and port alone are taken: clients derive the log from the host name')
  return url.origin
}

/** The URL of another service: a path may follow; no credentials, query or fragment. */
export function parseServiceUrl(text: string): string {
  const url = parseAnyUrl(text)
  if (url.username !== '' || url.password !== '' || text.includes('?') || text.includes('#'))
    throw new Error('a URL without credentials, query and fragment is taken')
  return text
}

function parseAnyUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:\/\//.test(text)) throw new Error(`not an http(s) URL: ${withoutSecrets(text)}`)
  return url
}

/** A password may stand in what was meant to be a URL. */
function withoutSecrets(text: string): string {
  return text.replace(/^.*@/s, '…@').slice(0, SHOWN)
}

/** An origin is a key name too (c2sp.org/signed-note), and Rekor v2 clients compare it with a URL's host. */
export function parseHostname(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text))
    throw new Error(`not a lowercase host name: ${text.slice(0, SHOWN)}`)
  return text
}

/** Printable, on one line: it stands in files that people read. */
export function parseOperator(text: string): string {
  if (!/^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u.test(text) || text.trim() !== text)
    throw new Error('must be 1 to 128 printable characters, without space at the ends')
  return text
}

export function parsePath(text: string): string {
  if (text === '' || text.includes('\0')) throw new Error('must be a path')
  return text
}

export function oneOf<T extends string>(...allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((one) => one === text)
    if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}, not ${text.slice(0, SHOWN)}`)
    return found
  }
}

/** Some of these, each once, separated by commas. */
export function listOf<T extends string>(...allowed: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const found = text.split(',').map(oneOf(...allowed))
    if (new Set(found).size < found.length) throw new Error('the same one twice')
    return found
  }
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max))
      throw new Error(`must be a whole number from ${min} to ${max}, not ${text.slice(0, SHOWN)}`)
    return value
  }
}

/** Less than a server writes while it looks away would come and go, and no bundle that is still growing may go. */
export function parseKept(text: string): number | 'all' {
  return text === 'all' ? text : wholeNumber(1024, 9_999_999_999)(text)
}

/** As `pg` takes them; what else it would take is a password, or means another thing to other programs. */
const DATABASE_PARAMETERS: Readonly<Record<string, RegExp>> = {
  host: /^\//, // the directory of a Unix socket
  sslmode: /^(disable|no-verify|verify-full)$/,
  sslrootcert: /^./,
  sslcert: /^./,
  sslkey: /^./,
}

/** postgres://USER@HOST:PORT/DATABASE. Never a password: what stands here is shown. */
export function parseDatabase(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^postgres(ql)?:\/\//.test(text) || !/^\/[^/]+$/.test(url.pathname) || url.hash !== '')
    throw new Error('not postgres://USER@HOST:PORT/DATABASE')
  if (url.password !== '' || url.searchParams.has('password'))
    throw new Error(
      'a password is not taken here, where everybody may read it: it comes from COLOPHON_DATABASE_PASSWORD',
    )
  for (const [name, value] of url.searchParams)
    if (DATABASE_PARAMETERS[name]?.test(value) !== true)
      throw new Error(
        `${name} is no parameter, or not of that value: sslmode=disable|no-verify|verify-full, sslrootcert, sslcert, sslkey, or the host as the path of a socket`,
      )
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|)$/.test(url.hostname) || url.searchParams.has('host')
  if (!isHere && !url.searchParams.has('sslmode'))
    throw new Error('on another machine sslmode must be said: verify-full, or disable where nobody else can listen')
  return text
}
