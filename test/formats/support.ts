/** What the tests of the formats share. */

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { hex } from '../../src/kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../../src/kernel/error.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

export function readVector<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8'))
}

export function readBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../vectors/${path}`, import.meta.url)))
}

/** The code and the message of what `run` throws; a test fails when it returns or throws anything else. */
export function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof TlogError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

export function refused(run: () => unknown, code: ErrorCode, name: string): void {
  t.match(refusal(run), new RegExp(`^${code} `), name)
}

export const bytesOf = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

/** Changes, drops or inserts every byte in turn: what still parses must print back as exactly what was parsed. */
export function everyByteCounts(original: Uint8Array, reprint: (bytes: Uint8Array) => Uint8Array): void {
  const survivors: string[] = []
  const check = (mutated: Uint8Array) => {
    try {
      if (hex(reprint(mutated)) !== hex(mutated)) survivors.push(decode(mutated))
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
    }
  }
  for (let i = 0; i < original.length; i++) {
    for (const flip of [1, 2, 4, 8, 16, 32, 64, 128]) check(original.map((byte, at) => (at === i ? byte ^ flip : byte)))
    check(Uint8Array.from([...original.subarray(0, i), ...original.subarray(i + 1)]))
    for (const extra of [0x00, 0x0a, 0x20, 0x3d, 0x41]) {
      check(Uint8Array.from([...original.subarray(0, i), extra, ...original.subarray(i)]))
    }
  }
  t.same(survivors, [], 'no byte can be changed, dropped or inserted unseen')
}
