/** A small file of somebody else's, whatever its size says it is. */

import { open } from 'node:fs/promises'
import { concat } from '../kernel/bytes.ts'

/**
 * At most one byte more than `maxBytes`: whoever parses them refuses what is too long. Pipes and devices end too.
 * @throws the system's error when the file cannot be opened or read
 */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const parts: Uint8Array[] = []
    let left = maxBytes + 1
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(left, PIECE)))
      if (bytesRead === 0) break
      parts.push(buffer.subarray(0, bytesRead))
      left -= bytesRead
    }
    return concat(...parts)
  } finally {
    await file.close()
  }
}

const PIECE = 64 * 1024
