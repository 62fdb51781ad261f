/** The four top-level roles of a TUF repository (TUF specification 1.0, §4.3 to §4.6). */

import { hex, parseHex } from '../../kernel/bytes.ts'
import { type Fields, invalid, literal, object, parsed, type Read, text } from '../fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'

export interface Common {
  /** 1 or more; clients refuse one that goes back. */
  readonly version: number
  /** RFC 3339 in UTC, whole seconds: go-tuf prints it again before it checks the signature. */
  readonly expires: string
}

export interface TargetFile {
  readonly length: number
  readonly sha256: Uint8Array
}

export interface Targets extends Common {
  /** By path. Nothing is delegated. */
  readonly targets: ReadonlyMap<string, TargetFile>
}

export interface Snapshot extends Common {
  readonly targetsVersion: number
}

export interface Timestamp extends Common {
  readonly snapshotVersion: number
}

const SPEC_VERSION = '1.0.31'

const wholeNumber: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(path, 'a whole number was expected')
  return value
}

export const version: Read<number> = (value, path) => {
  if (wholeNumber(value, path) === 0) throw invalid(path, 'versions begin with 1')
  return wholeNumber(value, path)
}

export const expires: Read<string> = (value, path) => {
  const time = text(value, path)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time)) throw invalid(path, 'not a time in UTC, to the second')
  return time
}

/** Fields by name, whatever the names are. */
export function entries<T>(item: Read<T>): Read<ReadonlyMap<string, T>> {
  return (value, path) => {
    if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
    return new Map(Object.entries(value).map(([name, one]) => [name, item(one, `${path}.${name.slice(0, 64)}`)]))
  }
}

function common(type: string, fields: Fields): Common {
  fields.required('_type', literal(type))
  fields.required('spec_version', literal(SPEC_VERSION))
  return { version: fields.required('version', version), expires: fields.required('expires', expires) }
}

export function commonJson(type: string, { version, expires }: Common): JsonObject {
  return { _type: type, spec_version: SPEC_VERSION, version, expires }
}

const targetFile: Read<TargetFile> = object((fields) => ({
  length: fields.required('length', wholeNumber),
  sha256: fields.required(
    'hashes',
    object((hashes) => hashes.required('sha256', parsed(parseHex))),
  ),
}))

const readTargets = object((fields) => ({
  ...common('targets', fields),
  targets: fields.required('targets', entries(targetFile)),
}))

/** Of our own making, and so without delegations, custom fields or other hashes. @throws TlogError FIELD_… */
export function parseTargets(signed: JsonValue): Targets {
  return readTargets(signed, 'signed')
}

export function targetsJson(targets: Targets): JsonObject {
  const files = [...targets.targets].map(([path, { length, sha256 }]) => [
    path,
    { length, hashes: { sha256: hex(sha256) } },
  ])
  return { ...commonJson('targets', targets), targets: Object.fromEntries(files) }
}

/** The version of the one other role that a snapshot or timestamp names. */
function metaVersion(name: string): Read<number> {
  return object((meta) =>
    meta.required(
      name,
      object((file) => file.required('version', version)),
    ),
  )
}

const readSnapshot = object((fields) => ({
  ...common('snapshot', fields),
  targetsVersion: fields.required('meta', metaVersion('targets.json')),
}))

/** @throws TlogError FIELD_… */
export function parseSnapshot(signed: JsonValue): Snapshot {
  return readSnapshot(signed, 'signed')
}

export function snapshotJson(snapshot: Snapshot): JsonObject {
  return { ...commonJson('snapshot', snapshot), meta: { 'targets.json': { version: snapshot.targetsVersion } } }
}

const readTimestamp = object((fields) => ({
  ...common('timestamp', fields),
  snapshotVersion: fields.required('meta', metaVersion('snapshot.json')),
}))

/** @throws TlogError FIELD_… */
export function parseTimestamp(signed: JsonValue): Timestamp {
  return readTimestamp(signed, 'signed')
}

export function timestampJson(timestamp: Timestamp): JsonObject {
  return { ...commonJson('timestamp', timestamp), meta: { 'snapshot.json': { version: timestamp.snapshotVersion } } }
}
