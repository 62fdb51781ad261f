/** What the strict parser of a format says of the whole, in front of what can be shown of its parts. */

import type { JsonValue } from '../../formats/json.ts'
import type { Show } from './message.ts'
import { type Content, faultOf, parts } from './tree.ts'

export function withFault(parse: (value: JsonValue) => unknown, show: Show): Show {
  return (value, path) => faultFirst(() => parse(value), show(value, path))
}

/** `content` with the reason in front; as it is where `parse` takes it. */
export function faultFirst(parse: () => unknown, content: Content): Content {
  return content.kind === 'parts' ? parts(faultOf(parse), ...content.parts) : content
}
