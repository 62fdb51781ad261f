/** A data directory: the database, lock and keys of one server, and by default its ratchets. */

import { hash } from 'node:crypto'
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EcdsaKey, SigningKey } from '../crypto/crypto.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { createVkey, formatVkey, KEY_TYPE, logId, parseVkey } from '../formats/c2sp/vkey.ts'
import { formatTreeKeyName, formatTreeOrigin, hostOfOrigin, treeIdOfKey } from '../formats/sigstore/tree-id.ts'
import { treeSize, type UnixMillis } from '../kernel/brand.ts'
import { base64 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { EMPTY_ROOT } from '../kernel/hash.ts'
import type { LogStore, Mark, Ratchet } from '../log/ports.ts'
import { checkSlug, type LogDatabase, type LogRecord } from './database.ts'
import { createEcdsaKeyFile, createKeyFile, readEcdsaKeyFile, readKeyFile } from './key-file.ts'
import { type DirectoryLock, lockDataDirectory } from './lock.ts'
import { createRatchet, openRatchet, type RatchetIdentity, ratchetPath } from './ratchet.ts'
import { openDatabase } from './sqlite/open.ts'
import { startWriterThread, type WriterThread } from './sqlite/thread.ts'

export interface DataPlace {
  readonly dir: string
  /** On another filesystem, a restored backup of `dir` is noticed even when it holds its ratchets. */
  readonly ratchetDir: string
  readonly passphrase: string | undefined
}

export interface DataDirectory {
  readonly place: DataPlace
  readonly database: LogDatabase
  /** The store of a log, which writes on a thread of its own. @throws TlogError LOG_UNKNOWN */
  store(log: number): LogStore
  /** Resolves with the reason when no store takes a write any more, though nobody closed it. */
  readonly lost: Promise<TlogError>
  /** When what is being written is done. Again, it does nothing. */
  close(): Promise<void>
  /**
   * Closes it and takes back its creation. Only by who created it, and before anybody else could read what its log signed.
   * @throws TlogError STORE_CORRUPT when there is an entry: then nothing is removed.
   */
  discard(): Promise<void>
}

export interface LogRequest {
  readonly slug: string
  readonly dialect: string
  /** The host that clients reach; the origin of a Rekor v1 tree will have a number too. */
  readonly origin: string
}

export interface LogKeys {
  readonly key: SigningKey
  /** Of a Rekor v1 log. */
  readonly ecdsa: EcdsaKey | null
  readonly ratchet: Ratchet
}

/** The dialect whose logs have an ECDSA key and a numbered tree. */
const REKOR_V1 = 'rekor-v1'

export function databasePath(place: DataPlace): string {
  return join(place.dir, 'log.db')
}

/** Absent, or with nothing in it. A lock alone is what an interrupted creation leaves. */
export function isUnused(place: DataPlace): boolean {
  if (!existsSync(place.dir)) return true
  return readdirSync(place.dir).every((name) => ['lock', 'lock-journal', 'lost+found'].includes(name))
}

/**
 * Locks it; makes the directory and an empty database when it is unused.
 * @throws TlogError RATCHET_REFUSED when a log has signed here before; STORE_LOCKED, and as openDataDirectory.
 */
export function createDataDirectory(place: DataPlace): DataDirectory {
  checkStrays(place.ratchetDir, new Set())
  makeDirectory(place.dir)
  const lock = lockDataDirectory(place.dir)
  return opened(place, lock, () => openDatabase(databasePath(place), { create: true }))
}

/** @throws TlogError STORE_MISSING, STORE_LOCKED, STORE_SCHEMA */
export function openDataDirectory(place: DataPlace): DataDirectory {
  if (!existsSync(place.dir)) throw new TlogError('STORE_MISSING', `there is no data directory ${place.dir}`)
  const lock = lockDataDirectory(place.dir)
  return opened(place, lock, () => {
    if (!existsSync(databasePath(place)))
      throw new TlogError(
        'STORE_MISSING',
        `${place.dir} has no log.db, yet it is not empty: the database was lost or moved. Bring it back; nothing is created in its place`,
      )
    return openDatabase(databasePath(place), {})
  })
}

function opened(place: DataPlace, lock: DirectoryLock, open: () => LogDatabase): DataDirectory {
  try {
    const database = open()
    let writer: WriterThread | undefined
    const lost = Promise.withResolvers<TlogError>()
    let closed: Promise<void> | undefined
    const release = async (remove: () => void) => {
      await writer?.close()
      database.close()
      try {
        remove()
      } finally {
        lock.release()
      }
    }
    return {
      place,
      database,
      store(log) {
        const local = database.store(log)
        if (writer === undefined) {
          writer = startWriterThread(databasePath(place))
          void writer.died.then(lost.resolve)
        }
        return writer.store(log, local)
      },
      lost: lost.promise,
      close: () => {
        closed ??= release(() => undefined)
        return closed
      },
      async discard() {
        const logs = database.logs()
        for (const { number } of logs) await checkEmpty(database.store(number))
        closed ??= release(() => removeCreated(place, logs))
        await closed
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function checkEmpty(store: LogStore): Promise<void> {
  const head = await store.head()
  if (head !== null && head.size > 0)
    throw new TlogError('STORE_CORRUPT', `a log that was just created has ${head.size} entries: nothing is removed`)
}

/** The ratchets first: without its ratchet nothing can be signed. What is not ours stays, and its directory with it. */
function removeCreated({ dir, ratchetDir }: DataPlace, logs: readonly LogRecord[]): void {
  for (const record of logs) rmSync(ratchetPath(ratchetDir, ratchetIdentity(record)), { force: true })
  for (const name of ['keys', 'trust', 'log.db-wal', 'log.db-shm', 'log.db'])
    rmSync(join(dir, name), { recursive: true, force: true })
  try {
    rmdirSync(ratchetDir)
  } catch {
    // It has what is not ours, is mounted there, or was made by somebody whose place it is: empty, it stands in nobody's way.
  }
}

/**
 * A new log: key, ratchet, then its row. An interrupted creation is taken up again, unless the key has signed.
 * @throws TlogError LOG_EXISTS, RATCHET_REFUSED, KEY_FILE_REFUSED, FIELD_INVALID, VKEY_MALFORMED
 */
export async function createLogIn(data: DataDirectory, request: LogRequest, createdAt: UnixMillis): Promise<LogRecord> {
  const { place, database } = data
  checkSlug(request.slug)
  const logs = database.logs()
  if (logs.some((log) => log.slug === request.slug))
    throw new TlogError('LOG_EXISTS', `a log named ${request.slug} exists already`)
  const namesake = logs.find((log) => log.origin === request.origin)
  if (namesake !== undefined && request.dialect !== REKOR_V1)
    throw new TlogError('LOG_EXISTS', `log ${namesake.slug} has the origin ${request.origin}: it is for one log alone`)
  checkSoleTree(logs, request)
  for (const dir of [join(place.dir, 'keys'), place.ratchetDir]) makeDirectory(dir)
  const identity =
    request.dialect === REKOR_V1 ? createTree(place, request) : { ...named(request.origin), ecdsaKey: null }
  const file = { path: keyPath(place, request.slug), passphrase: place.passphrase }
  const { publicKey } = existsSync(file.path) ? readKeyFile(file) : createKeyFile(file)
  const { origin, keyName, ecdsaKey } = identity
  const vkey = formatVkey(createVkey(keyName, KEY_TYPE.ed25519, publicKey))
  await startRatchet(place, { origin, keyId: logId(origin, publicKey) })
  const { slug, dialect } = request
  return database.createLog({ slug, dialect, origin, vkey, ecdsaKey, createdAt })
}

/** The entries of a host's trees are counted one after the other: before the next begins, the last must have ended. */
function checkSoleTree(logs: readonly LogRecord[], { dialect, origin: host }: LogRequest): void {
  const other = logs.find((log) => log.state === 'active' && log.dialect === dialect && isTreeOf(host, log.origin))
  if (other !== undefined)
    throw new TlogError(
      'LOG_EXISTS',
      `log ${other.slug} takes entries for ${host}: retire it before the next tree begins`,
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

/** A ratchet of size 0: made, or found as an interrupted creation left it. */
async function startRatchet(place: DataPlace, identity: RatchetIdentity): Promise<void> {
  const path = ratchetPath(place.ratchetDir, identity)
  if (!existsSync(path)) return void (await createRatchet(path, identity, { size: treeSize(0), root: EMPTY_ROOT }))
  const { size } = await (await openRatchet(path, identity)).read()
  if (size > 0)
    throw new TlogError(
      'RATCHET_REFUSED',
      `${path} says that this key signed a tree of ${size}: the database is not the one it signed for`,
    )
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

/**
 * A ratchet that no log of the database owns is the memory of one that was lost.
 * @throws TlogError RATCHET_REFUSED
 */
export function checkNoStrayRatchet(data: DataDirectory): void {
  const { ratchetDir } = data.place
  checkStrays(ratchetDir, new Set(data.database.logs().map((log) => ratchetPath(ratchetDir, ratchetIdentity(log)))))
}

function checkStrays(ratchetDir: string, owned: ReadonlySet<string>): void {
  const files = existsSync(ratchetDir) ? readdirSync(ratchetDir).filter((name) => name.endsWith('.ratchet')) : []
  const stray = files.map((name) => join(ratchetDir, name)).find((path) => !owned.has(path))
  if (stray !== undefined)
    throw new TlogError(
      'RATCHET_REFUSED',
      `${stray} is the memory of a log that the database does not have: it is an older or another database, or \`log create\` was interrupted (run it again)`,
    )
}

function ratchetIdentity(record: LogRecord): RatchetIdentity {
  return { origin: record.origin, keyId: logId(record.origin, parseVkey(record.vkey).publicKey) }
}

function ecdsaKeyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.ecdsa.pem`)
}

function keyPath(place: DataPlace, slug: string): string {
  return join(place.dir, 'keys', `${slug}.pem`)
}
