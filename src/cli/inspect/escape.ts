/** Text from a file, as a row shows it. */

import { visible } from '../../formats/visible.ts'

/** In quotes, so that it cannot be taken for words of ours; above `max` characters it is cut, and says so. */
export function quoted(text: string, max: number): string {
  const shown = text.length > max ? text.slice(0, max) : text
  const rest = text.length - shown.length
  const inside = visible(shown.replaceAll(/["\\]/g, (char) => `\\${char}`))
  return rest === 0 ? `"${inside}"` : `"${inside}"… and ${rest} more characters`
}
