/** An open file as a source of windows. */

import type { FileHandle } from 'node:fs/promises'
import type { ByteSource } from '../formats/model/byte-source.ts'
import { TlogError } from '../kernel/error.ts'

/** The file stays the caller's to close. `size` is its size when it was opened. */
export function fileSource(file: FileHandle, size: number): ByteSource {
  return {
    size,
    async read(at, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, at + done)
        if (bytesRead === 0)
          throw new TlogError('MODEL_MALFORMED', `byte ${at + done}: the file became shorter meanwhile`)
        done += bytesRead
      }
      return bytes
    },
  }
}
