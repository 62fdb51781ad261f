/** Names in files of models: bytes, and not always text. */

/** For people; it may be no UTF-8. */
export function readable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** Not empty, and printable ASCII without spaces. */
export function isPlain(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f)
}
