/** A file of the browser as a source of windows, and as what is made of parts of it. Nothing is read before it is asked for. */

import type { ByteSource, Pieces } from '../../formats/model/byte-source.ts'

export function blobSource(file: Blob): ByteSource {
  return {
    size: file.size,
    read: async (at, length) => new Uint8Array(await file.slice(at, at + length).arrayBuffer()),
  }
}

export function pickBlob(file: Blob, pieces: Pieces): Blob {
  return new Blob(
    pieces.map((piece) => (piece instanceof Uint8Array ? Uint8Array.from(piece) : file.slice(piece.from, piece.to))),
  )
}
