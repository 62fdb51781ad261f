/** Metadata as TUF's specification spells it, there and back, and what is not taken for it. */

import t from 'tap'
import type { JsonObject } from '../../../src/formats/json.ts'
import { ed25519Key, formatEnvelope, parseEnvelope } from '../../../src/formats/tuf/envelope.ts'
import {
  parseSnapshot,
  parseTargets,
  parseTimestamp,
  snapshotJson,
  targetsJson,
  timestampJson,
} from '../../../src/formats/tuf/metadata.ts'
import { parseRoot, soleKeyRootJson } from '../../../src/formats/tuf/root.ts'
import { parseHex } from '../../../src/kernel/bytes.ts'
import type { ErrorCode } from '../../../src/kernel/error.ts'
import { encode, refused } from '../support.ts'

const COMMON = { version: 7, expires: '2030-01-01T00:00:00Z' }
const SIGNED = { spec_version: '1.0.31', ...COMMON }
const DIGEST = '9'.repeat(64)

t.test('an Ed25519 key has the ID that other implementations give it', async (t) => {
  // RFC 8032 §7.1, test 1; the ID is sha256 of {"keytype":"ed25519","keyval":{"public":"…"},"scheme":"ed25519"}.
  const { id, json } = ed25519Key(parseHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'))
  t.equal(id, '74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916')
  t.same(Object.keys(json), ['keytype', 'scheme', 'keyval'])
})

t.test('there and back', async (t) => {
  const timestamp = { _type: 'timestamp', ...SIGNED, meta: { 'snapshot.json': { version: 3 } } }
  t.same(timestampJson({ ...COMMON, snapshotVersion: 3 }), timestamp)
  t.same(parseTimestamp(timestamp), { ...COMMON, snapshotVersion: 3 })
  const snapshot = { _type: 'snapshot', ...SIGNED, meta: { 'targets.json': { version: 2 } } }
  t.same(snapshotJson({ ...COMMON, targetsVersion: 2 }), snapshot)
  t.same(parseSnapshot(snapshot), { ...COMMON, targetsVersion: 2 })
  const targets = { _type: 'targets', ...SIGNED, targets: { 'a/b.json': { length: 5, hashes: { sha256: DIGEST } } } }
  const files = new Map([['a/b.json', { length: 5, sha256: parseHex(DIGEST) }]])
  t.same(targetsJson({ ...COMMON, targets: files }), targets)
  t.same(parseTargets(targets), { ...COMMON, targets: files })
})

t.test('a root in which one key has all roles', async (t) => {
  const key = new Uint8Array(32).fill(5)
  const { id } = ed25519Key(key)
  const root = parseRoot(soleKeyRootJson(COMMON, key))
  const role = { keyIds: [id], threshold: 1 }
  t.same(root, {
    ...COMMON,
    keys: new Map([[id, key]]),
    roles: { root: role, timestamp: role, snapshot: role, targets: role },
  })
})

t.test('what is no metadata', async () => {
  const timestamp = timestampJson({ ...COMMON, snapshotVersion: 3 })
  const table: readonly (readonly [string, JsonObject, ErrorCode])[] = [
    ['another type', { ...timestamp, _type: 'snapshot' }, 'FIELD_INVALID'],
    ['another specification', { ...timestamp, spec_version: '2.0' }, 'FIELD_INVALID'],
    ['version 0', { ...timestamp, version: 0 }, 'FIELD_INVALID'],
    ['a fraction', { ...timestamp, version: 1.5 }, 'FIELD_INVALID'],
    ['a version in text', { ...timestamp, version: '1' }, 'FIELD_INVALID'],
    ['milliseconds', { ...timestamp, expires: '2030-01-01T00:00:00.000Z' }, 'FIELD_INVALID'],
    ['another time zone', { ...timestamp, expires: '2030-01-01T00:00:00+01:00' }, 'FIELD_INVALID'],
    ['no end', JSON.parse(JSON.stringify({ ...timestamp, expires: undefined })), 'FIELD_MISSING'],
    ['another field', { ...timestamp, more: 1 }, 'FIELD_UNKNOWN'],
    ['no file', { ...timestamp, meta: {} }, 'FIELD_MISSING'],
    ['another file', { ...timestamp, meta: { 'snapshot.json': { version: 1 }, x: 1 } }, 'FIELD_UNKNOWN'],
  ]
  for (const [name, signed, code] of table) refused(() => parseTimestamp(signed), code, name)
  const targets = { _type: 'targets', ...SIGNED, targets: {} }
  const bad: readonly (readonly [string, JsonObject, ErrorCode])[] = [
    ['a list', { ...targets, targets: [] }, 'FIELD_INVALID'],
    ['no hash', { ...targets, targets: { a: { length: 1, hashes: {} } } }, 'FIELD_MISSING'],
    ['a hash in capitals', { ...targets, targets: { a: { length: 1, hashes: { sha256: 'AA' } } } }, 'FIELD_INVALID'],
    ['less than nothing', { ...targets, targets: { a: { length: -1, hashes: { sha256: DIGEST } } } }, 'FIELD_INVALID'],
    ['delegations', { ...targets, delegations: {} }, 'FIELD_UNKNOWN'],
  ]
  for (const [name, signed, code] of bad) refused(() => parseTargets(signed), code, name)
})

t.test('what is no root', async (t) => {
  const root = soleKeyRootJson(COMMON, new Uint8Array(32))
  const roles = root.roles as JsonObject
  const table: readonly (readonly [string, JsonObject, ErrorCode])[] = [
    ['a missing role', { ...root, roles: { root: roles.root ?? null } }, 'FIELD_INVALID'],
    ['threshold 0', { ...root, roles: { ...roles, root: { keyids: ['a'], threshold: 0 } } }, 'FIELD_INVALID'],
    ['nobody', { ...root, roles: { ...roles, root: { keyids: [], threshold: 1 } } }, 'FIELD_INVALID'],
    ['somebody twice', { ...root, roles: { ...roles, root: { keyids: ['a', 'a'], threshold: 1 } } }, 'FIELD_INVALID'],
    ['a key without its kind', { ...root, keys: { a: { keyval: { public: '' } } } }, 'FIELD_MISSING'],
    ['a key that is no object', { ...root, keys: { a: 1 } }, 'FIELD_INVALID'],
  ]
  for (const [name, signed, code] of table) refused(() => parseRoot(signed), code, name)
  const odd = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'AA' } }
  t.same([...parseRoot({ ...root, keys: { a: odd } }).keys], [], 'a key of another form is nobody’s')
})

t.test('envelopes', async (t) => {
  const signed = { _type: 'x' }
  const bytes = formatEnvelope({ signed, signatures: [{ keyId: 'k', signature: parseHex('00ff') }] })
  t.same(parseEnvelope(bytes), { signed, signatures: [{ keyId: 'k', signature: parseHex('00ff') }] })
  const table: readonly (readonly [string, string, ErrorCode])[] = [
    ['no JSON', '{', 'JSON_MALFORMED'],
    ['a field twice', '{"signed":{},"signed":{},"signatures":[]}', 'JSON_DUPLICATE_KEY'],
    ['no signed part', '{"signatures":[]}', 'FIELD_MISSING'],
    ['a signed list', '{"signed":[],"signatures":[]}', 'FIELD_INVALID'],
    ['another field', '{"signed":{},"signatures":[],"x":1}', 'FIELD_UNKNOWN'],
    ['a signature in base64', '{"signed":{},"signatures":[{"keyid":"a","sig":"AA=="}]}', 'FIELD_INVALID'],
    ['above 1 MiB', ' '.repeat(2 ** 20 + 1), 'FIELD_INVALID'],
  ]
  for (const [name, text, code] of table) refused(() => parseEnvelope(encode(text)), code, name)
})
