/** The root of a TUF repository: which keys may sign which role (TUF specification §4.3). */

import { parseHex } from '../../kernel/bytes.ts'
import { Fields, invalid, list, type Read, text } from '../fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { ed25519Key } from './envelope.ts'
import { type Common, commonJson, entries, expires, version } from './metadata.ts'

export type RoleName = 'root' | 'timestamp' | 'snapshot' | 'targets'

export interface Role {
  readonly keyIds: readonly string[]
  /** How many of the keys must have signed; 1 or more. */
  readonly threshold: number
}

export interface Root extends Common {
  /** Ed25519 public keys by ID. Keys of other kinds may stand in the file; they are not listed here. */
  readonly keys: ReadonlyMap<string, Uint8Array>
  readonly roles: { readonly [name in RoleName]: Role }
}

export const ROLES: readonly RoleName[] = ['root', 'timestamp', 'snapshot', 'targets']

const MAX_KEYS = 64

/** As `object` in fields.ts, but fields that nobody asked for may stand: a root may be made by other tools (§4.1). */
function open<T>(read: (fields: Fields) => T): Read<T> {
  return (value, path) => {
    if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
    return read(new Fields(value, path))
  }
}

const role: Read<Role> = open((fields) => {
  const keyIds = fields.required('keyids', list(text, { min: 1, max: MAX_KEYS }))
  if (new Set(keyIds).size !== keyIds.length) throw invalid('keyids', 'a key twice')
  return { keyIds, threshold: fields.required('threshold', version) }
})

/** 32 bytes, or null for a key of another kind. */
const key: Read<Uint8Array | null> = open((fields) => {
  const kind = fields.required('keytype', text)
  const value = fields.required(
    'keyval',
    open((inner) => inner.required('public', text)),
  )
  return kind === 'ed25519' && /^[0-9a-f]{64}$/.test(value) ? parseHex(value) : null
})

const readRoot: Read<Root> = open((fields) => {
  if (fields.required('_type', text) !== 'root') throw invalid('signed._type', 'must be "root"')
  if (fields.required('consistent_snapshot', (value) => value) !== true)
    throw invalid('signed.consistent_snapshot', 'must be true')
  const keys = fields.required('keys', entries(key))
  const roles = fields.required('roles', entries(role))
  return {
    version: fields.required('version', version),
    expires: fields.required('expires', expires),
    keys: new Map([...keys].filter((entry): entry is [string, Uint8Array] => entry[1] !== null)),
    roles: {
      root: named(roles, 'root'),
      timestamp: named(roles, 'timestamp'),
      snapshot: named(roles, 'snapshot'),
      targets: named(roles, 'targets'),
    },
  }
})

function named(roles: ReadonlyMap<string, Role>, name: RoleName): Role {
  const found = roles.get(name)
  if (found === undefined) throw invalid(`signed.roles.${name}`, 'missing')
  return found
}

/** @throws TlogError FIELD_… */
export function parseRoot(signed: JsonValue): Root {
  return readRoot(signed, 'signed')
}

/** A root in which one Ed25519 key has all four roles. */
export function soleKeyRootJson(common: Common, publicKey: Uint8Array): JsonObject {
  const { id, json } = ed25519Key(publicKey)
  return {
    ...commonJson('root', common),
    consistent_snapshot: true,
    keys: { [id]: json },
    roles: Object.fromEntries(ROLES.map((name) => [name, { keyids: [id], threshold: 1 }])),
  }
}
