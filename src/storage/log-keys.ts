/** What a log has beside its rows: key files, and the ratchet. */

import { join } from 'node:path'
import type { EcdsaKey, SigningKey } from '../crypto/crypto.ts'
import { createVkey, formatVkey, logId, parseVkey } from '../formats/c2sp/vkey.ts'
import { base64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import type { LogRecord } from './database.ts'
import { readEcdsaKeyFile, readKeyFile } from './key-file.ts'
import { openRatchet, type RatchetIdentity, ratchetPath } from './ratchet.ts'

export interface DataPlace {
  readonly dir: string
  /** On another filesystem, a restored backup of `dir` is noticed even when it holds its ratchets. */
  readonly ratchetDir: string
  readonly passphrase: string | undefined
}

export interface LogKeys {
  readonly key: SigningKey
  /** Of a Rekor v1 log. */
  readonly ecdsa: EcdsaKey | null
  readonly ratchet: Ratchet
}

/**
 * The key and the ratchet of a log that exists.
 * @throws TlogError IDENTITY_CHANGED when the key is not the one the log was created with; KEY_FILE_REFUSED; RATCHET_REFUSED
 */
export async function openLogKeys(place: DataPlace, record: LogRecord): Promise<LogKeys> {
  const key = readKeyFile({ path: keyPath(place, record.slug), passphrase: place.passphrase })
  const vkey = parseVkey(record.vkey)
  const found = formatVkey(createVkey(vkey.name, vkey.type, key.publicKey))
  if (found !== record.vkey)
    throw new TlogError(
      'IDENTITY_CHANGED',
      `log ${record.slug} was created with the key ${record.vkey}, but its key file holds ${found}: bring back the right key file`,
    )
  const identity = ratchetIdentity(record)
  const ecdsa = openEcdsaKey(place, record)
  return { key, ecdsa, ratchet: await openRatchet(ratchetPath(place.ratchetDir, identity), identity) }
}

function openEcdsaKey(place: DataPlace, { slug, ecdsaKey }: LogRecord): EcdsaKey | null {
  if (ecdsaKey === null) return null
  const path = ecdsaKeyPath(place, slug)
  const key = readEcdsaKeyFile({ path, passphrase: place.passphrase })
  if (base64(key.spki) !== ecdsaKey)
    throw new TlogError(
      'IDENTITY_CHANGED',
      `log ${slug} was created with another ECDSA key than the one in ${path}: bring back the right key file`,
    )
  return key
}

/** What a log's key last signed, without the key. @throws TlogError RATCHET_REFUSED */
export async function readMark(place: DataPlace, record: LogRecord): Promise<Mark> {
  const identity = ratchetIdentity(record)
  return await (await openRatchet(ratchetPath(place.ratchetDir, identity), identity)).read()
}

export function ratchetIdentity(record: LogRecord): RatchetIdentity {
  return { origin: record.origin, keyId: logId(record.origin, parseVkey(record.vkey).publicKey) }
}

export function ecdsaKeyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.ecdsa.pem`)
}

export function keyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.pem`)
}
