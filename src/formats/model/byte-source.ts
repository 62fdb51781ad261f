/** The bytes of a file of any size, asked for by windows: models are too large to be held. */

export interface ByteSource {
  readonly size: number
  /** Exactly these bytes, for as long as the caller likes. All of them must be inside `size`. */
  read(at: number, length: number): Promise<Uint8Array>
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) }
}
