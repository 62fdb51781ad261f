/** One authority, CT log or issuer: out of an object of the configuration file, or out of two flags. */

import { resolve } from 'node:path'
import { type Fields, invalid, type Read, text } from '../formats/fields.ts'
import { parseCertificate } from '../formats/pki/certificate.ts'
import { formatPem, type PemLabel, parsePem } from '../formats/pki/pem.ts'
import { parseSpki } from '../formats/pki/spki.ts'
import { type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { parseUtf8 } from '../kernel/bytes.ts'
import { parseSmallFile } from './files.ts'
import { parseOperator, parsePath, parseServiceUrl } from './parsers.ts'
import type { AuthorityConfig, CtLogConfig } from './trust.ts'

const MAX_PEM_BYTES = 64 * 1024
const MAX_CHAIN = 8

/** @throws Error when the file is no chain of 1 to 8 certificates in PEM. */
export function authority(url: string, path: string): AuthorityConfig {
  return { url, chainPem: readChain(path), organization: null, validFrom: null, validUntil: null }
}

/** @throws Error when the file is no public key in PEM. */
export function ctLog(url: string, path: string): CtLogConfig {
  return { url, publicKeyPem: readPublicKey(path), validFrom: null, validUntil: null }
}

/** @param base the directory of the configuration file. */
export function readAuthority(fields: Fields, base: string): AuthorityConfig {
  const config = {
    url: fields.required('url', taken(parseServiceUrl)),
    chainPem: fields.required('certificate', taken(inDirectory(base, readChain))),
    organization: fields.optional('organization', taken(parseOperator)) ?? null,
    ...readRange(fields),
  }
  checkRange(config)
  return config
}

export function readCtLog(fields: Fields, base: string): CtLogConfig {
  const config = {
    url: fields.required('url', taken(parseServiceUrl)),
    publicKeyPem: fields.required('publicKey', taken(inDirectory(base, readPublicKey))),
    ...readRange(fields),
  }
  checkRange(config)
  return config
}

export function readIssuer(fields: Fields): string {
  return fields.required('url', taken(parseServiceUrl))
}

interface Range {
  readonly validFrom: UnixMillis | null
  readonly validUntil: UnixMillis | null
}

export function readRange(fields: Fields): Range {
  return {
    validFrom: fields.optional('validFrom', taken(parseTime)) ?? null,
    validUntil: fields.optional('validUntil', taken(parseTime)) ?? null,
  }
}

/** @throws Error naming the URL when the range is empty. */
export function checkRange({ url, validFrom, validUntil }: Range & { readonly url: string }): void {
  if (validFrom !== null && validUntil !== null && validUntil <= validFrom)
    throw new Error(`${url}: validUntil is not after validFrom`)
}

/** A string that one of our parsers judges; its words get the field's path. */
export function taken<T>(parse: (text: string) => T): Read<T> {
  return (value, path) => {
    const string = text(value, path)
    try {
      return parse(string)
    } catch (error) {
      throw invalid(path, (error as Error).message)
    }
  }
}

export function inDirectory<T>(base: string, read: (path: string) => T): (text: string) => T {
  return (path) => read(resolve(base, parsePath(path)))
}

function readChain(path: string): string {
  return readPem(path, 'CERTIFICATE', (blocks) => {
    if (blocks.length > MAX_CHAIN) throw new Error(`at most ${MAX_CHAIN} certificates, not ${blocks.length}`)
    for (const der of blocks) parseCertificate(der)
  })
}

export function readPublicKey(path: string): string {
  return readPem(path, 'PUBLIC KEY', (blocks) => {
    if (blocks.length > 1) throw new Error(`one public key, not ${blocks.length}`)
    for (const der of blocks) parseSpki(der)
  })
}

/** The blocks as we print them: what is handed on has one spelling. */
function readPem(path: string, label: PemLabel, check: (blocks: readonly Uint8Array[]) => void): string {
  return parseSmallFile(path, MAX_PEM_BYTES, (bytes) => {
    const blocks = parsePem(parseUtf8(bytes), label)
    check(blocks)
    return blocks.map((der) => formatPem(der, label)).join('')
  })
}

/** RFC 3339 in UTC and whole seconds, the one spelling of them. */
export function parseTime(text: string): UnixMillis {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text.replace('Z', '.000Z'))
    throw new Error('must be a time such as 2026-01-31T00:00:00Z')
  return unixMillis(ms)
}
