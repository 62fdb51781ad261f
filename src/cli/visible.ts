/** Text from files and servers that nobody vouches for, fit for a terminal. */

/** Controls, which move the cursor or colour the screen; formats, which turn the line round; what is no character. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** On one line, each of those as \u{…}: what is seen is what is there. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}
