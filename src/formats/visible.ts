/** Text from files and servers that nobody vouches for, on its way to a terminal or a page: nothing of it may act, hide, or pass for ours. */

/**
 * Controls, which move the cursor or colour the screen; formats, which turn the line round; what is no character, or leaves
 * nothing to be seen (fillers, variation selectors, the blank of Braille); odd spaces.
 */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/gu

/** On one line, each of those as \u{…}: what is seen is what is there. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}

/** The same of a text of ours that has lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

/** JSON text whose strings hold none of them either; its meaning is the same. */
export function safeJson(value: unknown, indent = 0): string {
  const unit = (code: string) => `\\u${code.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, indent).replaceAll(INVISIBLE, (char) =>
    char === '\n' ? char : char.split('').map(unit).join(''),
  )
}
