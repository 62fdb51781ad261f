/** Heads that were seen, in a file: a checkpoint by the URL at which it was. */

import { existsSync, readFileSync } from 'node:fs'
import { readSmallFile } from '../../config/files.ts'
import { isJsonObject, parseJson } from '../../formats/json.ts'
import { equal, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { replaceFile } from '../../storage/replace-file.ts'

const MAX_BYTES = 16 * 1024 * 1024
const NOTHING = utf8('{}')

export interface Memory {
  readonly seen: ReadonlyMap<string, string>
  /** Adds to it. @throws TlogError STORE_LOCKED when the file is no longer the one that was read */
  keep(newer: ReadonlyMap<string, string>): void
}

/** @throws Error with words for the person who named the file; a file that is not there is empty */
export function openMemory(path: string): Memory {
  const read = () => (existsSync(path) ? readSmallFile(path, MAX_BYTES) : NOTHING)
  const bytes = read()
  const seen = parseSeen(path, bytes)
  return {
    seen,
    keep(newer) {
      if ([...newer].every(([place, note]) => seen.get(place) === note)) return
      const after = Object.fromEntries([...seen, ...newer])
      replaceFile(path, (exists) => {
        if (!equal(exists ? readFileSync(path) : NOTHING, bytes))
          throw new TlogError('STORE_LOCKED', `${path} was changed meanwhile: look again`)
        return utf8(`${JSON.stringify(after, null, 2)}\n`)
      })
    },
  }
}

function parseSeen(path: string, bytes: Uint8Array): Map<string, string> {
  const json = parseJson(bytes)
  if (!isJsonObject(json)) throw new Error(`${path}: not a file of checkpoints that were seen`)
  const seen = Object.entries(json).map(([place, note]): [string, string] => {
    if (typeof note !== 'string') throw new Error(`${path}: ${place}: a checkpoint was expected`)
    return [place, note]
  })
  return new Map(seen)
}
