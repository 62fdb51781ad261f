/** The bytes of a file of any size, asked for by windows: models are too large to be held. */

export interface ByteSource {
  readonly size: number
  /** Exactly these bytes, for as long as the caller likes. All of them must be inside `size`. */
  read(at: number, length: number): Promise<Uint8Array>
}

/** In bytes from the file's beginning; `to` is exclusive. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** A file that is made of another: ranges of it in order, and bytes that are not in it. */
export type Pieces = readonly (Range | Uint8Array)[]

export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) }
}

/** A part of a file as a file of its own: what is embedded, or what a file was before more was appended. */
export function within(source: ByteSource, { from, to }: Range): ByteSource {
  return { size: to - from, read: (at, length) => source.read(from + at, length) }
}
