/** Text from a file on its way to a terminal: nothing of it may act, hide, or pass for a line of ours. */

/** Controls, format characters (bidi among them), lone surrogates, unassigned ones, line separators, spaces but the plain one. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** One line, each odd character as `\u{…}`. */
export function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}

/** In quotes, so that it cannot be taken for words of ours; above `max` characters it is cut, and says so. */
export function quoted(text: string, max: number): string {
  const shown = text.length > max ? text.slice(0, max) : text
  const rest = text.length - shown.length
  const inside = escaped(shown.replaceAll(/["\\]/g, (char) => `\\${char}`))
  return rest === 0 ? `"${inside}"` : `"${inside}"… and ${rest} more characters`
}

/** JSON text whose strings hold none of them either; its meaning is the same. */
export function safeJson(value: unknown, indent: number): string {
  const unit = (code: string) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, indent).replaceAll(UNSAFE, (char) =>
    char === '\n' ? char : char.split('').map(unit).join(''),
  )
}
