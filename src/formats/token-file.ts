/**
 * Who may write: named tokens, as a server keeps them. A token is 32 random bytes, so that its plain SHA-256 tells nothing
 * of it: there is nothing to guess, and neither salt nor a slow hash would add to that.
 */

import { hex, parseHex, utf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { list, object, parsed, type Read } from './fields.ts'
import { parseJson } from './json.ts'

export interface Token {
  readonly name: string
  /** Of the token's text. */
  readonly sha256: Uint8Array
  /** Slugs of the logs it is good for; null: all. */
  readonly logs: readonly string[] | null
}

/** Room for MAX_TOKENS. */
export const TOKEN_FILE_MAX_BYTES = 1024 * 1024
export const MAX_TOKENS = 1000
const MAX_LOGS = 64

/** @throws TlogError FIELD_INVALID, and as parseJson does; names and hashes are unique. */
export function parseTokenFile(bytes: Uint8Array): Token[] {
  const read = object((fields) => fields.required('tokens', list(readToken, { max: MAX_TOKENS })))
  const tokens = read(parseJson(bytes), '')
  checkUnique(tokens)
  return tokens
}

export function formatTokenFile(tokens: readonly Token[]): Uint8Array {
  checkUnique(tokens)
  const rows = tokens.map(({ name, sha256, logs }) => ({ name, sha256: hex(sha256), ...(logs !== null && { logs }) }))
  return utf8(`${JSON.stringify({ tokens: rows }, null, 2)}\n`)
}

/** @throws TlogError FIELD_INVALID */
export function parseTokenName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/.test(text))
    throw new TlogError('FIELD_INVALID', `not a token's name (a-z, 0-9, inside also . _ -): ${text.slice(0, 64)}`)
  return text
}

/** A log's slug. @throws TlogError FIELD_INVALID */
export function parseScope(text: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(text))
    throw new TlogError('FIELD_INVALID', `not a log's name: ${text.slice(0, 64)}`)
  return text
}

const readToken: Read<Token> = object((fields) => ({
  name: fields.required('name', parsed(parseTokenName)),
  sha256: fields.required('sha256', parsed(parseSha256)),
  logs: fields.optional('logs', list(parsed(parseScope), { min: 1, max: MAX_LOGS })) ?? null,
}))

function parseSha256(text: string): Uint8Array {
  if (text.length !== 64) throw new TlogError('FIELD_INVALID', 'not the 64 hex digits of a SHA-256')
  return parseHex(text)
}

function checkUnique(tokens: readonly Token[]): void {
  for (const each of [tokens.map(({ name }) => name), tokens.map(({ sha256 }) => hex(sha256))]) {
    const twice = each.find((one, at) => each.indexOf(one) !== at)
    if (twice !== undefined) throw new TlogError('FIELD_INVALID', `tokens: ${twice} stands there twice`)
  }
}
