/** The tree for programs: objects by label, bytes as hex, times as text (docs/inspect.md). */

import type { JsonValue } from '../../formats/json.ts'
import { hex } from '../../kernel/bytes.ts'
import { timeText } from './text.ts'
import type { Content } from './tree.ts'

/** Of one value; what is longer is given by its beginning. */
const MAX_BYTES = 65_536

export function renderJson(content: Content): JsonValue {
  switch (content.kind) {
    case 'text':
      return content.text
    case 'word':
      return content.word
    case 'number':
      return content.number
    case 'bytes':
      return bytesJson(content.bytes)
    case 'time':
      return timeText(content.millis)
    case 'json':
      return content.value
    case 'malformed':
      return { malformed: content.why }
    case 'parts':
      return Object.fromEntries(content.parts.map((node) => [keyOf(node.label), renderJson(node.content)]))
    case 'list':
      return listJson(content)
  }
}

function listJson({ items, total }: Content & { kind: 'list' }): JsonValue {
  const shown = items.map(renderJson)
  return shown.length === total ? shown : [...shown, { omitted: total - shown.length }]
}

function bytesJson(bytes: Uint8Array): JsonValue {
  if (bytes.length <= MAX_BYTES) return hex(bytes)
  return { bytes: bytes.length, begins: hex(bytes.subarray(0, 256)) }
}

/** `leaf hash` is `leafHash`. */
export function keyOf(label: string): string {
  const [first = '', ...rest] = label.split(' ')
  return [first.toLowerCase(), ...rest.map((each) => each.charAt(0).toUpperCase() + each.slice(1).toLowerCase())].join(
    '',
  )
}
