/** The configuration file: strict JSON, whose keys are the settings and `trust`. */

import { dirname, resolve } from 'node:path'
import {
  formatJsonPath,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from '../formats/json.ts'
import { isS3Url } from '../formats/s3/location.ts'
import { parseSmallFile } from './files.ts'
import { keyOf } from './names.ts'
import type { Problems } from './problems.ts'
import { SETTING_NAMES, SETTINGS, type Setting, type SettingName } from './settings.ts'

const MAX_BYTES = 256 * 1024
const TRUST = 'trust'

interface Draft {
  readonly path: string
  /** What it says of settings, spelled as a flag would. */
  readonly texts: Map<SettingName, string>
  /** The lists below `trust`, and what a command has beside the settings, by key, still to be read. */
  readonly lists: Map<string, JsonValue>
}

export type ConfigFile = Readonly<Draft>

/** The place of a key, as messages name it. */
export function placeInFile(path: string, key: string): string {
  return `${path}: ${key}`
}

/**
 * What is wrong with a key is noted.
 * @param own keys that are no settings, and whose values are handed on as they are
 * @throws Error when the file as a whole cannot be read.
 */
export function readConfigFile(path: string, problems: Problems, own: readonly string[] = []): ConfigFile {
  const file: Draft = { path: resolve(path), texts: new Map(), lists: new Map() }
  const document = parseSmallFile(file.path, MAX_BYTES, parseDocument)
  for (const [key, value] of entriesOf(document, file.path, problems)) {
    if (own.includes(key)) file.lists.set(key, value)
    else takeKey(file, key, value, problems)
  }
  return file
}

function parseDocument(bytes: Uint8Array): JsonObject {
  const document = parseJson(bytes)
  if (!isJsonObject(document)) throw new Error('an object was expected')
  return document
}

/** Keys as messages spell them; those below `trust` with it. */
function entriesOf(document: JsonObject, path: string, problems: Problems): [string, JsonValue][] {
  return Object.entries(document).flatMap(([key, value]): [string, JsonValue][] => {
    if (key !== TRUST) return [[formatJsonPath([key]), value]]
    if (isJsonObject(value)) return Object.entries(value).map(([inner, each]) => [formatJsonPath([key, inner]), each])
    problems.note(placeInFile(path, key), 'an object was expected')
    return []
  })
}

function takeKey(file: Draft, key: string, value: JsonValue, problems: Problems): void {
  const place = placeInFile(file.path, key)
  const name = SETTING_NAMES.find((each) => keyOf(each) === key)
  if (name === undefined) problems.note(place, 'there is no such setting')
  else if (inFile(name) === 'objects') file.lists.set(key, value)
  else problems.take(place, undefined, () => void file.texts.set(name, textOf(value, inFile(name), file.path)))
}

function inFile(name: SettingName): Setting['inFile'] {
  const { inFile }: Setting = SETTINGS[name]
  return inFile
}

/** A value of the file as the flag would spell it: one parser judges both. */
function textOf(value: JsonValue, kind: Setting['inFile'], path: string): string {
  if (kind === 'number') {
    if (typeof value !== 'number') throw new Error('a number was expected')
    return String(value)
  }
  if (kind === 'list') {
    if (!isJsonArray(value)) throw new Error('an array of strings was expected')
    return value.map((each) => expectText(each, /^[^,]+$/)).join(',')
  }
  const text = expectText(value, /./)
  const isPath = kind === 'path' || (kind === 'place' && !isS3Url(text))
  return isPath ? resolve(dirname(path), text) : text
}

function expectText(value: JsonValue, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Error('a string was expected')
  return value
}
