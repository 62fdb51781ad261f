/** Lists of logs that want witnesses (witness-network.org/log-list-format). */

import { parseDecimal, parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { located } from '../located.ts'
import { KEY_TYPE, parseVkey, type Vkey } from './vkey.ts'

export interface ListedLog {
  readonly origin: string
  readonly vkey: Vkey
  /** Requests a day that the log wants answered, 1 … 2^31-1. */
  readonly perDay: number
  readonly contact: string
}

export interface LogList {
  /** In the order of the file, each origin once. */
  readonly logs: readonly ListedLog[]
  /** Why others were passed over: a key of a kind that no log signs with, or an origin that stands there already. */
  readonly skipped: readonly string[]
}

interface Line {
  readonly number: number
  readonly keyword: string
  readonly value: string
}

const HEADER = 'logs/v0'
const MAX_PER_DAY = 2 ** 31 - 1
/** Nothing that could be taken for another line, or move a terminal's cursor, where an origin or a contact is shown. */
const CONTROL = /[\p{Control}\p{Surrogate}\p{Zl}\p{Zp}]/u

/**
 * @throws TlogError LOG_LIST_MALFORMED on another version, an unknown keyword, a missing or a repeated line. A single log
 *   whose key cannot be read is skipped: who adds one to the list does not stop the others.
 */
export function parseLogList(bytes: Uint8Array): LogList {
  const [header, ...lines] = linesOf(located('LOG_LIST_MALFORMED', 'file', () => parseUtf8(bytes)))
  if (header === undefined || header.value !== '' || header.keyword !== HEADER)
    throw malformed(`line ${header?.number ?? 1}`, `expected ${HEADER}`)
  const logs = new Map<string, ListedLog>()
  const skipped: string[] = []
  for (const lined of groupsOf(lines)) {
    const read = readLog(lined)
    if (typeof read === 'string') skipped.push(read)
    else if (logs.has(read.origin)) skipped.push(`line ${lined[0]?.number}: a second log of the origin ${read.origin}`)
    else logs.set(read.origin, read)
  }
  return { logs: [...logs.values()], skipped }
}

/** Blank lines and comments dropped. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((raw, i) => {
    const line = raw.replace(/^[ \t]+|[ \t\r]+$/g, '')
    if (line === '' || line.startsWith('#')) return []
    const [, keyword = '', value = ''] = /^(\S+)(?:[ \t]+(.*))?$/.exec(line) ?? []
    return [{ number: i + 1, keyword, value }]
  })
}

/** One a log: each begins with its vkey. */
function groupsOf(lines: readonly Line[]): Line[][] {
  const groups: Line[][] = []
  for (const line of lines) {
    if (line.keyword === 'vkey') groups.push([])
    const group = groups.at(-1)
    if (group === undefined) throw malformed(`line ${line.number}`, 'a log begins with its vkey')
    group.push(line)
  }
  return groups
}

/** A string says why it is skipped. */
function readLog(lines: readonly Line[]): ListedLog | string {
  const [key, ...rest] = lines
  const origin = rest[0]?.keyword === 'origin' ? rest.shift() : undefined
  const [qpd, contact, extra] = rest
  const last = lines.at(-1)?.number
  if (qpd?.keyword !== 'qpd') throw malformed(`line ${qpd?.number ?? last}`, 'expected qpd')
  if (contact?.keyword !== 'contact' || contact.value === '')
    throw malformed(`line ${contact?.number ?? last}`, 'expected contact')
  if (extra !== undefined) throw malformed(`line ${extra.number}`, 'expected vkey')
  for (const { number, value } of lines)
    if (CONTROL.test(value)) throw malformed(`line ${number}`, 'a control character')
  const perDay = located('LOG_LIST_MALFORMED', `line ${qpd.number}`, () => parseDecimal(qpd.value))
  if (perDay < 1 || perDay > MAX_PER_DAY) throw malformed(`line ${qpd.number}`, `qpd must be from 1 to ${MAX_PER_DAY}`)
  const vkey = readKey(key as Line)
  if (typeof vkey === 'string') return vkey
  return { origin: origin?.value || vkey.name, vkey, perDay, contact: contact.value }
}

function readKey({ number, value }: Line): Vkey | string {
  try {
    const vkey = parseVkey(value)
    return vkey.type === KEY_TYPE.cosignature ? `line ${number}: the key of a witness, not of a log` : vkey
  } catch (error) {
    if (error instanceof TlogError) return `line ${number}: ${error.message}`
    throw error
  }
}

function malformed(place: string, why: string): TlogError {
  return new TlogError('LOG_LIST_MALFORMED', `${place}: not a log list: ${why}`)
}
