/** The logs and the policy that `trust create` is told: out of a description file, or of flags. */

import { type Policy, parsePolicy } from '../formats/c2sp/policy.ts'
import { KEY_TYPE, parseVkey } from '../formats/c2sp/vkey.ts'
import { type Fields, invalid, type Read } from '../formats/fields.ts'
import { parsePem } from '../formats/pki/pem.ts'
import { formatSpki } from '../formats/pki/spki.ts'
import type { UnixMillis } from '../kernel/brand.ts'
import { parseSmallFile } from './files.ts'
import { parseHostname, parseUrl } from './parsers.ts'
import { checkRange, inDirectory, parseTime, readPublicKey, readRange, taken } from './trust-items.ts'

const MAX_POLICY_BYTES = 1024 * 1024

/** A Rekor log that others run, or that is not running. */
export interface LogConfig {
  readonly url: string
  /** Of its API. */
  readonly version: 1 | 2
  /** Version 2: the name in its checkpoints. */
  readonly origin: string
  /** DER, and where it came from; null: it is to be fetched. */
  readonly key: LogKey | null
  readonly validFrom: UnixMillis
  readonly validUntil: UnixMillis | null
  /** Since when it takes no entries; null: it does. */
  readonly frozenAt: UnixMillis | null
}

export interface LogKey {
  readonly spki: Uint8Array
  readonly source: string
}

/** @throws Error, TlogError with words for the person who wrote it. */
export function readLog(fields: Fields, base: string): LogConfig {
  const url = fields.required('url', taken(parseUrl))
  const version = fields.required('version', readVersion)
  const pem = fields.optional('publicKey', taken(inDirectory(base, keyOfFile))) ?? null
  const vkey = fields.optional('vkey', taken(keyOfVkey)) ?? null
  if (pem !== null && vkey !== null) throw new Error(`${url}: publicKey and vkey say the same twice`)
  const origin = fields.optional('origin', taken(parseHostname)) ?? vkey?.origin ?? new URL(url).hostname
  if (vkey !== null && vkey.origin !== origin) throw new Error(`${url}: the verifier key is that of ${vkey.origin}`)
  if (vkey !== null && version !== 2) throw new Error(`${url}: a verifier key goes with version 2`)
  const frozenAt = fields.optional('frozenAt', taken(parseTime)) ?? null
  const { validFrom, validUntil } = readRange(fields)
  if (validFrom === null) throw new Error(`${url}: validFrom is missing: the time of the log's first entry, or before`)
  checkRange({ url, validFrom, validUntil })
  checkRange({ url: `${url}: frozenAt`, validFrom, validUntil: frozenAt })
  return { url, version, origin, key: pem ?? vkey, validFrom, validUntil, frozenAt }
}

/** @throws Error naming the file. */
export function readPolicyFile(path: string): Policy {
  return parseSmallFile(path, MAX_POLICY_BYTES, parsePolicy)
}

/** @throws Error when the file is no public key in PEM. */
export function keyOfFile(path: string): LogKey {
  const [spki = new Uint8Array()] = parsePem(readPublicKey(path), 'PUBLIC KEY')
  return { spki, source: path }
}

function keyOfVkey(written: string): LogKey & { readonly origin: string } {
  const { type, name, publicKey } = parseVkey(written)
  if (type !== KEY_TYPE.ed25519) throw new Error('an Ed25519 key of a log is taken (type 0x01)')
  return { spki: formatSpki({ kind: 'ed25519', bytes: publicKey }), source: 'the description', origin: name }
}

const readVersion: Read<1 | 2> = (value, path) => {
  if (value !== 1 && value !== 2) throw invalid(path, 'must be 1 or 2')
  return value
}
