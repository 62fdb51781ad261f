/** What a log has beside its rows: key files, and the ratchet. */

import { join } from 'node:path'
import type { EcdsaKey, MlDsaKey, SigningKey } from '../crypto/crypto.ts'
import { createVkey, formatVkey, logId, parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { base64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import type { Mark, Ratchet } from '../log/ports.ts'
import type { CopiedBundles } from './copied-bundles.ts'
import type { LogRecord } from './database.ts'
import { readEcdsaKeyFile, readKeyFile, readMlDsaKeyFile } from './key-file.ts'
import type { RatchetIdentity } from './ratchet-slot.ts'
import type { Ratchets } from './ratchets.ts'

export interface DataPlace {
  readonly dir: string
  /** Elsewhere than `dir`, a restored backup of it is noticed even when it holds its ratchets. */
  readonly ratchets: Ratchets
  readonly passphrase: string | undefined
  /** Where the logs are when not in `dir`: which then holds keys, trust files and the lock alone. */
  readonly database?: DatabaseServer | null
}

/** A PostgreSQL database. */
export interface DatabaseServer {
  /** Without a password, so that it may be shown. */
  readonly url: string
  /** Undefined: found as `pg` finds one, in PGPASSWORD or PGPASSFILE. */
  readonly password: string | undefined
  /** Entries that left it; absent: nobody said where their copy is. */
  readonly copied?: CopiedBundles
}

export interface MlDsaPair {
  readonly vkey: Vkey
  readonly key: MlDsaKey
}

export interface LogKeys {
  readonly key: SigningKey
  /** Of a Rekor v1 log. */
  readonly ecdsa: EcdsaKey | null
  /** Null for a log that was created without one. */
  readonly mlDsa: MlDsaPair | null
  readonly ratchet: Ratchet
}

/**
 * The key and the ratchet of a log that exists.
 * @throws TlogError IDENTITY_CHANGED when the key is not the one the log was created with; KEY_FILE_REFUSED; RATCHET_REFUSED
 */
export async function openLogKeys(place: DataPlace, record: LogRecord): Promise<LogKeys> {
  const keys = readLogKeys(place, record)
  const identity = ratchetIdentity(record)
  return { ...keys, ratchet: await place.ratchets.open(identity) }
}

/** The keys alone. @throws TlogError IDENTITY_CHANGED, KEY_FILE_REFUSED */
export function readLogKeys(place: DataPlace, record: LogRecord): Omit<LogKeys, 'ratchet'> {
  const key = readKeyFile({ path: keyPath(place, record.slug), passphrase: place.passphrase })
  checkSame(record.slug, record.vkey, key.publicKey)
  return { key, ecdsa: openEcdsaKey(place, record), mlDsa: openMlDsaKey(place, record) }
}

function checkSame(slug: string, created: string, publicKey: Uint8Array): void {
  const vkey = parseVkey(created)
  const found = formatVkey(createVkey(vkey.name, vkey.type, publicKey))
  if (found !== created)
    throw new TlogError(
      'IDENTITY_CHANGED',
      `log ${slug} was created with the key ${created}, but its key file holds ${found}: bring back the right key file`,
    )
}

function openMlDsaKey(place: DataPlace, { slug, mlDsaVkey }: LogRecord): MlDsaPair | null {
  if (mlDsaVkey === null) return null
  const key = readMlDsaKeyFile({ path: mlDsaKeyPath(place, slug), passphrase: place.passphrase })
  checkSame(slug, mlDsaVkey, key.mlDsa44PublicKey)
  return { vkey: parseVkey(mlDsaVkey), key }
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
  return await (await place.ratchets.open(ratchetIdentity(record))).read()
}

export function ratchetIdentity(record: LogRecord): RatchetIdentity {
  return { origin: record.origin, keyId: logId(record.origin, parseVkey(record.vkey).publicKey) }
}

export function ecdsaKeyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.ecdsa.pem`)
}

export function mlDsaKeyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.ml-dsa-44.pem`)
}

export function keyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.pem`)
}
