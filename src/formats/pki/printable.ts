/** Text inside certificates. */

import { parseUtf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'

/** A NUL or a line break in a name makes two programs see two names. */
export function printable(bytes: Uint8Array, what: string): string {
  const text = decode(bytes, what)
  const isControl = (char: string) => char < ' ' || (char >= '\x7f' && char < '\xa0')
  if (text === '' || [...text].some(isControl))
    throw new TlogError('CERTIFICATE_MALFORMED', `${what} is empty or has a control character`)
  return text
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return parseUtf8(bytes)
  } catch (cause) {
    throw new TlogError('CERTIFICATE_MALFORMED', `${what} is not UTF-8`, { cause })
  }
}
