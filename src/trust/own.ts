/** Reading back what a repository's keys signed: the chain of roots, and the metadata of our own key. */

import { verifyEd25519 } from '#crypto'
import type { JsonObject } from '../formats/json.ts'
import { located } from '../formats/located.ts'
import { type Envelope, ed25519Key, parseEnvelope, signedBytes } from '../formats/tuf/envelope.ts'
import { parseRoot, ROLES, type Role, type Root } from '../formats/tuf/root.ts'
import { TlogError } from '../kernel/error.ts'

/** What our key signed, or null when it is not that. */
export async function openOwn<T>(
  bytes: Uint8Array,
  publicKey: Uint8Array,
  parse: (signed: JsonObject) => T,
): Promise<T | null> {
  try {
    const envelope = parseEnvelope(bytes)
    const { id } = ed25519Key(publicKey)
    const isSigned = await isSignedBy(envelope, { keyIds: [id], threshold: 1 }, new Map([[id, publicKey]]))
    return isSigned ? parse(envelope.signed) : null
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/**
 * The newest root, reached from the first as a client does (TUF specification §5.3), or null where there is none.
 * Ed25519 keys alone are looked at.
 *
 * @throws TlogError STORE_CORRUPT
 */
export async function readRoots(files: ReadonlyMap<string, Uint8Array>): Promise<Root | null> {
  const count = [...files.keys()].filter((path) => path.endsWith('.root.json')).length
  let newest: Root | null = null
  for (let version = 1; version <= count; version++) {
    const path = `${version}.root.json`
    const bytes = files.get(path)
    if (bytes === undefined) throw corrupt(`${path} is missing, yet there are newer ones`)
    newest = await openRoot(path, bytes, newest)
    if (newest.version !== version) throw corrupt(`${path} says that it is version ${newest.version}`)
  }
  return newest
}

/** Signed as its predecessor asks, and as it asks itself. */
async function openRoot(path: string, bytes: Uint8Array, before: Root | null): Promise<Root> {
  const envelope = located('STORE_CORRUPT', place(path), () => parseEnvelope(bytes))
  const root = located('STORE_CORRUPT', place(path), () => parseRoot(envelope.signed))
  for (const { keys, roles } of before === null ? [root] : [before, root])
    if (!(await isSignedBy(envelope, roles.root, keys))) throw corrupt(`${path} is not signed by enough of its keys`)
  return root
}

/** Each key counts once. */
async function isSignedBy(
  { signed, signatures }: Envelope,
  { keyIds, threshold }: Role,
  keys: ReadonlyMap<string, Uint8Array>,
): Promise<boolean> {
  const message = signedBytes(signed)
  const signers = new Set<string>()
  for (const { keyId, signature } of signatures) {
    const key = keyIds.includes(keyId) ? keys.get(keyId) : undefined
    if (key !== undefined && (await isGood(key, message, signature))) signers.add(keyId)
  }
  return signers.size >= threshold
}

async function isGood(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    await verifyEd25519(key, message, signature)
    return true
  } catch (error) {
    if (error instanceof TlogError) return false
    throw error
  }
}

/** What we sign must be taken by those who have this root. @throws TlogError IDENTITY_CHANGED */
export function checkOnline(root: Root, publicKey: Uint8Array): void {
  const missing = ROLES.filter((name) => name !== 'root').find((name) => !mayAlone(root, name, publicKey))
  if (missing !== undefined)
    throw new TlogError(
      'IDENTITY_CHANGED',
      `${place(`${root.version}.root.json`)} does not give the role ${missing} to the key in keys/tuf.pem: bring back the right key file. Without it, remove the directory tuf: a new repository begins, and every client must be given its root`,
    )
}

/** Whether nobody but our key has a role, as in the roots that we make. */
export function isSoleKey(root: Root, publicKey: Uint8Array): boolean {
  return ROLES.every((name) => mayAlone(root, name, publicKey) && root.roles[name].keyIds.length === 1)
}

function mayAlone({ roles, keys }: Root, name: (typeof ROLES)[number], publicKey: Uint8Array): boolean {
  const { id } = ed25519Key(publicKey)
  return keys.has(id) && roles[name].threshold === 1 && roles[name].keyIds.includes(id)
}

function place(path: string): string {
  return `trust/tuf/${path}`
}

function corrupt(why: string): TlogError {
  return new TlogError('STORE_CORRUPT', `trust/tuf: ${why}. Bring it back from a copy`)
}
