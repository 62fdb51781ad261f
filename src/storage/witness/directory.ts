/** The data directory of a witness: database, lock and keys. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { signEd25519, signMlDsa44 } from '#crypto'
import { makeDirectory } from '../../files/make-directory.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../../formats/c2sp/vkey.ts'
import { TlogError } from '../../kernel/error.ts'
import type { WitnessKeys, WitnessStore } from '../../witness/ports.ts'
import { isUnused } from '../data-directory.ts'
import { createKeyFile, createMlDsaKeyFile, type KeyFile, readKeyFile, readMlDsaKeyFile } from '../key-file.ts'
import { type DirectoryLock, lockDataDirectory } from '../lock.ts'
import { checkIdentity, openWitnessDatabase, type WitnessDatabase, type WitnessIdentity } from './sqlite.ts'

export interface WitnessPlace {
  readonly dir: string
  readonly name: string
  readonly passphrase: string | undefined
}

export interface WitnessDirectory {
  readonly store: WitnessStore
  readonly keys: WitnessKeys
  /** Whether it was made just now. */
  readonly created: boolean
  /** Closes the database, and lets the directory go. */
  close(): void
}

/**
 * The directory of this witness, locked; made with new keys when it is unused. A creation that was cut off is taken up
 * again: until the identity stands in the database, nothing was signed.
 *
 * @throws TlogError STORE_MISSING, STORE_LOCKED, STORE_SCHEMA, KEY_FILE_REFUSED; IDENTITY_CHANGED for another name or key
 */
export function openWitnessDirectory(place: WitnessPlace): WitnessDirectory {
  const isNew = isUnused(place)
  if (isNew) makeDirectory(place.dir)
  const lock = lockDataDirectory(place.dir)
  try {
    return opened(place, lock, isNew)
  } catch (error) {
    lock.release()
    throw error
  }
}

function opened(place: WitnessPlace, lock: DirectoryLock, isNew: boolean): WitnessDirectory {
  const path = join(place.dir, 'witness.db')
  if (!isNew && !existsSync(path))
    throw new TlogError(
      'STORE_MISSING',
      `${place.dir} has no witness.db, yet it is not empty: another program's, or the database was lost or moved. Without it a witness could cosign a second history; nothing is created in its place`,
    )
  const store = openWitnessDatabase(path, { create: isNew })
  try {
    const stored = store.identity()
    const keys = stored === null ? makeKeys(place) : readKeys(place)
    const found = identityOf(keys)
    if (stored === null) store.identify(found)
    else checkIdentity(place.dir, stored, found)
    return { store, keys, created: stored === null, close: () => closeAll(store, lock) }
  } catch (error) {
    store.close()
    throw error
  }
}

function closeAll(store: WitnessDatabase, lock: DirectoryLock): void {
  try {
    store.close()
  } finally {
    lock.release()
  }
}

function identityOf({ ed25519, mlDsa44 }: WitnessKeys): WitnessIdentity {
  return { ed25519: formatVkey(ed25519.vkey), mldsa44: formatVkey(mlDsa44.vkey) }
}

/** Those of a creation that was cut off are used: nobody has seen them. */
function makeKeys(place: WitnessPlace): WitnessKeys {
  checkName(place.name)
  makeDirectory(join(place.dir, 'keys'))
  const { ed25519, mlDsa44 } = keyFiles(place)
  if (!existsSync(ed25519.path)) createKeyFile(ed25519)
  if (!existsSync(mlDsa44.path)) createMlDsaKeyFile(mlDsa44)
  return readKeys(place)
}

function readKeys(place: WitnessPlace): WitnessKeys {
  const files = keyFiles(place)
  const [ed25519, mlDsa44] = [readKeyFile(files.ed25519), readMlDsaKeyFile(files.mlDsa44)]
  return {
    ed25519: {
      vkey: createVkey(place.name, KEY_TYPE.cosignature, ed25519.publicKey),
      sign: (message) => signEd25519(ed25519, message),
    },
    mlDsa44: {
      vkey: createVkey(place.name, KEY_TYPE.mlDsa44, mlDsa44.mlDsa44PublicKey),
      sign: (message) => signMlDsa44(mlDsa44, message),
    },
  }
}

function keyFiles({ dir, passphrase }: WitnessPlace): { readonly ed25519: KeyFile; readonly mlDsa44: KeyFile } {
  const file = (name: string): KeyFile => ({ path: join(dir, 'keys', name), passphrase })
  return { ed25519: file('ed25519.pem'), mlDsa44: file('ml-dsa-44.pem') }
}

/** Before a key exists. @throws TlogError VKEY_MALFORMED for a name that no key may have */
export function checkName(name: string): void {
  createVkey(name, KEY_TYPE.mlDsa44, new Uint8Array(1312))
}
