/** Private keys at rest: PKCS#8 PEM, readable by their owner alone, encrypted when a passphrase is given. */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  exportPrivateKey,
  generateEcdsa,
  generateEd25519,
  generateMlDsa44,
  importEcdsaKey,
  importMlDsaKey,
  importPrivateKey,
} from '#crypto'
import type { EcdsaKey, MlDsaKey, SigningKey } from '../crypto/crypto.ts'
import { TlogError } from '../kernel/error.ts'

/** A PKCS#8 ML-DSA-44 key takes a quarter of it, the others less; a wrong path is not read whole. */
const MAX_BYTES = 16_384

export interface KeyFile {
  readonly path: string
  /** Absent: the file is not encrypted. */
  readonly passphrase: string | undefined
}

/** Makes an Ed25519 key and its file, durably; never overwrites one. @throws TlogError KEY_FILE_REFUSED */
export function createKeyFile(file: KeyFile): SigningKey {
  return create(file, generateEd25519())
}

/** As createKeyFile, of a P-256 key. */
export function createEcdsaKeyFile(file: KeyFile): EcdsaKey {
  return create(file, generateEcdsa())
}

/** As createKeyFile, of an ML-DSA-44 key. */
export function createMlDsaKeyFile(file: KeyFile): MlDsaKey {
  return create(file, generateMlDsa44())
}

function create<Key extends SigningKey | EcdsaKey | MlDsaKey>(file: KeyFile, key: Key): Key {
  const pem = exportPrivateKey(key, file.passphrase)
  const fd = attempt(file.path, 'cannot be created', () => openSync(file.path, 'wx', 0o600))
  sync(fd, () => void writeSync(fd, pem))
  syncDirectory(file.path)
  return key
}

/** In the place of the other, which is gone then: one of the two is there, whatever happens. */
export function replaceKeyFile(file: KeyFile, by: KeyFile): void {
  renameSync(by.path, file.path)
  syncDirectory(file.path)
}

function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r')
  sync(directory, () => undefined)
}

/** @throws TlogError KEY_FILE_REFUSED when missing, open to others, not PKCS#8 PEM, not Ed25519, or the passphrase does not fit. */
export function readKeyFile(file: KeyFile): SigningKey {
  return read(file, importPrivateKey)
}

/** As readKeyFile, of a P-256 key. */
export function readEcdsaKeyFile(file: KeyFile): EcdsaKey {
  return read(file, importEcdsaKey)
}

/** As readKeyFile, of an ML-DSA-44 key. */
export function readMlDsaKeyFile(file: KeyFile): MlDsaKey {
  return read(file, importMlDsaKey)
}

function read<Key>(file: KeyFile, importKey: (pem: string, passphrase?: string) => Key): Key {
  const stat = attempt(file.path, 'cannot be read', () => statSync(file.path))
  if (!stat.isFile() || stat.size > MAX_BYTES) throw refused(file.path, 'is not a key file')
  const mode = stat.mode & 0o777
  if ((mode & 0o077) !== 0)
    throw refused(file.path, `is open to others (mode ${mode.toString(8)}): run chmod 600 on it`)
  const pem = attempt(file.path, 'cannot be read', () => readFileSync(file.path, 'utf8'))
  checkKind(file, pem)
  try {
    return importKey(pem, file.passphrase)
  } catch (error) {
    throw refused(file.path, error instanceof TlogError ? error.message : 'is damaged')
  }
}

function checkKind({ path, passphrase }: KeyFile, pem: string): void {
  const encrypted = pem.startsWith('-----BEGIN ENCRYPTED PRIVATE KEY-----')
  if (!encrypted && !pem.startsWith('-----BEGIN PRIVATE KEY-----')) throw refused(path, 'is not PKCS#8 PEM')
  if (encrypted && passphrase === undefined) throw refused(path, 'is encrypted: give its passphrase')
  if (!encrypted && passphrase !== undefined) throw refused(path, 'is not encrypted, yet a passphrase was given')
}

function sync(fd: number, write: () => void): void {
  try {
    write()
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function attempt<T>(path: string, why: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refused(path, code === 'EEXIST' ? 'exists already; keys are never overwritten' : `${why}: ${code}`)
  }
}

function refused(path: string, why: string): TlogError {
  return new TlogError('KEY_FILE_REFUSED', `key file ${path}: ${why}`)
}
