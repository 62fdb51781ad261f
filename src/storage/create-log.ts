/** A new log in a data directory. */

import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { createVkey, formatVkey, KEY_TYPE, logId } from '../formats/c2sp/vkey.ts'
import { formatTreeKeyName, formatTreeOrigin, hostOfOrigin, treeIdOfKey } from '../formats/sigstore/tree-id.ts'
import { treeSize, type UnixMillis } from '../kernel/brand.ts'
import { base64, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT } from '../kernel/hash.ts'
import type { DataDirectory } from './data-directory.ts'
import { checkSlug, type LogRecord } from './database.ts'
import {
  createEcdsaKeyFile,
  createKeyFile,
  createMlDsaKeyFile,
  readEcdsaKeyFile,
  readKeyFile,
  readMlDsaKeyFile,
} from './key-file.ts'
import { type DataPlace, ecdsaKeyPath, keyPath, mlDsaKeyPath } from './log-keys.ts'
import type { RatchetIdentity } from './ratchet-slot.ts'

export interface LogRequest {
  readonly slug: string
  readonly dialect: string
  /** The host that clients reach; the origin of a Rekor v1 tree will have a number too. */
  readonly origin: string
  /** A log whose place it is to take. A Rekor v1 tree under the same host then waits until those before it are frozen. */
  readonly after?: string | null
  /** For one that is made anew from its keys and a copy, and never had an ML-DSA-44 key (ADR 0009). */
  readonly withoutMlDsa?: boolean
}

/** The dialect whose logs have an ECDSA key and a numbered tree. */
const REKOR_V1 = 'rekor-v1'

/**
 * A new log: keys, ratchet, then its row. An interrupted creation is taken up again, unless the key has signed.
 * @throws TlogError LOG_EXISTS, RATCHET_REFUSED, KEY_FILE_REFUSED, FIELD_INVALID, VKEY_MALFORMED
 */
export async function createLogIn(data: DataDirectory, request: LogRequest, createdAt: UnixMillis): Promise<LogRecord> {
  const { place, database } = data
  checkSlug(request.slug)
  const logs = await database.logs()
  checkPredecessor(logs, request)
  if (logs.some((log) => log.slug === request.slug))
    throw new TlogError('LOG_EXISTS', `a log named ${request.slug} exists already`)
  const namesake = logs.find((log) => log.origin === request.origin)
  if (namesake !== undefined && request.dialect !== REKOR_V1)
    throw new TlogError('LOG_EXISTS', `log ${namesake.slug} has the origin ${request.origin}: it is for one log alone`)
  checkSoleTree(logs, request)
  checkName(request)
  makeDirectory(join(place.dir, 'keys'))
  const identity =
    request.dialect === REKOR_V1 ? createTree(place, request) : { ...named(request.origin), ecdsaKey: null }
  const file = { path: keyPath(place, request.slug), passphrase: place.passphrase }
  const { publicKey } = existsSync(file.path) ? readKeyFile(file) : createKeyFile(file)
  const { origin, keyName, ecdsaKey } = identity
  const mlDsa = mlDsaPublicKey(place, request)
  const mlDsaVkey = mlDsa === null ? null : formatVkey(createVkey(keyName, KEY_TYPE.mlDsa44, mlDsa))
  const vkey = formatVkey(createVkey(keyName, KEY_TYPE.ed25519, publicKey))
  await startRatchet(place, { origin, keyId: logId(origin, publicKey) })
  const { slug, dialect } = request
  return await database.createLog({ slug, dialect, origin, vkey, ecdsaKey, mlDsaVkey, createdAt })
}

function checkPredecessor(logs: readonly LogRecord[], { dialect, after = null }: LogRequest): void {
  if (after !== null && !logs.some((log) => log.slug === after && log.dialect === dialect))
    throw new TlogError(
      'LOG_UNKNOWN',
      `no log ${after} of the dialect ${dialect} is here, whose place another could take`,
    )
}

/** The entries of a host's trees are counted one after the other: a tree that begins behind another one knows that it waits. */
function checkSoleTree(logs: readonly LogRecord[], { dialect, origin: host, after = null }: LogRequest): void {
  if (after !== null) return
  const other = logs.find((log) => log.state === 'active' && log.dialect === dialect && isTreeOf(host, log.origin))
  if (other !== undefined)
    throw new TlogError(
      'LOG_EXISTS',
      `log ${other.slug} takes entries for ${host}: give --after ${other.slug}, and the new tree waits until that one is frozen`,
    )
}

function isTreeOf(host: string, origin: string): boolean {
  return origin !== host && hostOfOrigin(origin) === host
}

/** A Rekor v2 log, and the key that signs for it, have one name. */
function named(host: string): { readonly origin: string; readonly keyName: string } {
  return { origin: host, keyName: host }
}

/**
 * A Rekor v1 tree: its ECDSA key, and an origin with the number that the key makes, so that an interrupted creation comes
 * to the same one. In the signed note the host is the name of the ECDSA key, and the Ed25519 key needs one of its own.
 */
function createTree(place: DataPlace, { slug, origin: host }: LogRequest) {
  const file = { path: ecdsaKeyPath(place, slug), passphrase: place.passphrase }
  const { spki } = existsSync(file.path) ? readEcdsaKeyFile(file) : createEcdsaKeyFile(file)
  const treeId = treeIdOfKey(hash('sha256', spki, 'buffer'))
  return { origin: formatTreeOrigin(host, treeId), keyName: formatTreeKeyName(host, treeId), ecdsaKey: base64(spki) }
}

/** Of the key that signs beside the Ed25519 key, for who does not believe that one any more (FIPS 204). */
function mlDsaPublicKey(place: DataPlace, { slug, withoutMlDsa = false }: LogRequest): Uint8Array | null {
  const file = { path: mlDsaKeyPath(place, slug), passphrase: place.passphrase }
  if (withoutMlDsa && existsSync(file.path))
    throw new TlogError('KEY_FILE_REFUSED', `${file.path} is there: the log has this key, or it is another log's`)
  if (withoutMlDsa) return null
  return (existsSync(file.path) ? readMlDsaKeyFile(file) : createMlDsaKeyFile(file)).mlDsa44PublicKey
}

/** What an ML-DSA-44 signature holds of a name, and of an origin (c2sp.org/tlog-cosignature). */
const MAX_NAME_BYTES = 255

/** Before a key exists. A Rekor v1 tree's origin is the host, three characters, and a number of 19 digits at most. */
function checkName({ origin: host, dialect }: LogRequest): void {
  const longest = utf8(host).length + (dialect === REKOR_V1 ? 22 : 0)
  if (longest > MAX_NAME_BYTES)
    throw new TlogError(
      'FIELD_INVALID',
      `the origin may have ${longest} bytes, at most ${MAX_NAME_BYTES} can be signed`,
    )
}

/** A ratchet of size 0: made, or found as an interrupted creation left it. */
async function startRatchet({ ratchets }: DataPlace, identity: RatchetIdentity): Promise<void> {
  const name = ratchets.nameOf(identity)
  if (!(await ratchets.list()).includes(name))
    return void (await ratchets.create(identity, { size: treeSize(0), root: EMPTY_ROOT }))
  const { size } = await (await ratchets.open(identity)).read()
  if (size > 0)
    throw new TlogError(
      'RATCHET_REFUSED',
      `${name} says that this key signed a tree of ${size}: the database is not the one it signed for`,
    )
}
