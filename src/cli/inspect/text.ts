/** The tree for people: a line a value, parts below their heading, further in. */

import { safeJson, visible } from '../../formats/visible.ts'
import { hex } from '../../kernel/bytes.ts'
import { quoted } from './escape.ts'
import type { Content, Node } from './tree.ts'

export interface Detail {
  /** Characters of a text, bytes of a value, items of a list before it is cut. */
  readonly chars: number
  readonly bytes: number
  readonly items: number
  /** Whether details are shown; of a list that is one, the count always is. */
  readonly details: boolean
}

export const BRIEF: Detail = { chars: 256, bytes: 64, items: 16, details: false }
export const VERBOSE: Detail = { chars: 65_536, bytes: 16_384, items: 256, details: true }

const STEP = '  '
/** Labels of one level stand in a column, as long as it is not wider. */
const MAX_COLUMN = 26

/** Lines, each with its end. */
export function renderText(content: Content, detail: Detail): string {
  return lines(content, '', detail)
    .map((line) => `${line}\n`)
    .join('')
}

function lines(content: Content, indent: string, detail: Detail): string[] {
  if (content.kind === 'parts') {
    const width = Math.min(MAX_COLUMN, Math.max(0, ...content.parts.map(({ label }) => label.length)))
    return content.parts
      .filter((node) => detail.details || !node.isDetail || node.content.kind === 'list')
      .flatMap((node) => nodeLines(node, indent, width, detail))
  }
  if (content.kind === 'list') return listLines(content, indent, detail)
  return [indent + value(content, detail)]
}

function nodeLines(node: Node, indent: string, width: number, detail: Detail): string[] {
  const { label, content, note } = node
  const remark = note === undefined ? '' : `  (${note})`
  if (content.kind === 'parts') return [`${indent}${label}${remark}`, ...lines(content, indent + STEP, detail)]
  if (content.kind === 'list') {
    const heading = `${indent}${label}: ${content.total === 0 ? 'none' : content.total}${remark}`
    return node.isDetail && !detail.details ? [heading] : [heading, ...listLines(content, indent + STEP, detail)]
  }
  return [`${indent}${label.padEnd(width)}  ${value(content, detail)}${remark}`]
}

function listLines(list: Content & { kind: 'list' }, indent: string, detail: Detail): string[] {
  const shown = list.items.slice(0, detail.items)
  const rest = list.total - shown.length
  const out = shown.flatMap((item, at) => {
    const isDeep = item.kind === 'parts' || item.kind === 'list'
    if (!isDeep) return [`${indent}[${at}]  ${value(item, detail)}`]
    return [`${indent}[${at}]`, ...lines(item, indent + STEP, detail)]
  })
  return rest === 0 ? out : [...out, `${indent}… and ${rest} more`]
}

function value(content: Content, detail: Detail): string {
  switch (content.kind) {
    case 'text':
      return quoted(content.text, detail.chars)
    case 'word':
      return visible(content.word)
    case 'number':
      return String(content.number)
    case 'bytes':
      return bytesText(content.bytes, detail.bytes)
    case 'time':
      return timeText(content.millis)
    case 'json':
      return cut(safeJson(content.value, 0), detail.chars)
    case 'malformed':
      return `MALFORMED: ${visible(content.why)}`
    default:
      return ''
  }
}

function bytesText(bytes: Uint8Array, max: number): string {
  if (bytes.length === 0) return 'no bytes'
  if (bytes.length <= max) return hex(bytes)
  return `${hex(bytes.subarray(0, 16))}… (${bytes.length} bytes)`
}

/** The last moment that a Date can hold. */
const LAST = 8_640_000_000_000_000

export function timeText(millis: number): string {
  return millis > LAST ? `${millis} ms since 1970` : new Date(millis).toISOString().replace('.000Z', 'Z')
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… and ${text.length - max} more characters`
}
