/** What tables of checks need on any runtime. */

import { TlogError } from '../../src/kernel/error.ts'

export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (two) => Number(`0x${two}`))

/** 'good', or code and message of the refusal. Any other exception is a bug and fails the test. */
export async function outcome(check: () => unknown): Promise<string> {
  try {
    await check()
    return 'good'
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
}

/** The bytes with one bit turned. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  const at = Math.floor(bit / 8) % out.length
  out[at] = (out[at] ?? 0) ^ (1 << (bit % 8))
  return out
}
