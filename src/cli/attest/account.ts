/** What a step was told, and of which roles how much is said. */

import { parseSmallFile } from '../../config/files.ts'
import { oneOf } from '../../config/parsers.ts'
import { COMPLETENESS, type Completeness, ROLES, type Role } from '../../formats/custody/vocabulary.ts'
import { isJsonObject, type JsonObject, parseJson } from '../../formats/json.ts'
import { utf8 } from '../../kernel/bytes.ts'

const MAX_PARAMETERS = 512 * 1024

/** @throws Error for the person who typed it */
export function parseCompleteness(text: string | undefined): ReadonlyMap<Role, Completeness> {
  const said = new Map<Role, Completeness>()
  for (const pair of text?.split(',') ?? []) {
    const [name = '', how = ''] = pair.split('=', 2)
    const role = oneOf(...ROLES)(name)
    if (said.has(role)) throw new Error(`${role} is there twice`)
    said.set(role, oneOf(...COMPLETENESS)(how))
  }
  return said
}

/** NAME=TEXT, or NAME:=JSON; and a file of all of them. @throws Error for the person who typed it */
export function parseParameters(file: string | undefined, pairs: readonly string[]): JsonObject {
  const found: Record<string, JsonObject[string]> =
    file === undefined ? {} : { ...parseSmallFile(file, MAX_PARAMETERS, parseJsonObject) }
  for (const pair of pairs) {
    const [, name = '', json, text] = /^([\w.-]{1,128})(?::=(.*)|=(.*))$/s.exec(pair) ?? []
    if (name === '') throw new Error(`NAME=TEXT or NAME:=JSON was expected, not ${pair.slice(0, 64)}`)
    if (Object.hasOwn(found, name)) throw new Error(`${name} is there twice`)
    found[name] = json === undefined ? (text ?? '') : parseJson(utf8(json))
  }
  return found
}

function parseJsonObject(bytes: Uint8Array): JsonObject {
  const value = parseJson(bytes)
  if (!isJsonObject(value)) throw new Error('a JSON object was expected')
  return value
}
