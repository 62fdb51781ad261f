/** What must hold of a parser for any bytes at all: it returns, or throws a TlogError; and what it took has one spelling. */

import { isDeepStrictEqual } from 'node:util'
import { equal, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'

export interface Target {
  readonly name: string
  /** Inputs that are accepted, to begin with. */
  seeds(): readonly Uint8Array[]
  /** Any exception but a TlogError is a finding. */
  run(bytes: Uint8Array): void | Promise<void>
}

/** Printed back, what was parsed is what was read. */
export function oneSpelling<T>(parse: (bytes: Uint8Array) => T, format: (value: T) => Uint8Array): Target['run'] {
  return (bytes) => {
    const before = bytes.slice()
    const value = parse(bytes)
    if (!equal(bytes, before)) throw new Error('the parser wrote into its input')
    if (
      !equal(
        surely(() => format(value)),
        bytes,
      )
    )
      throw new Error('accepted, and printed back otherwise')
  }
}

/** As oneSpelling, of text; bytes that are no UTF-8 are none. */
export function oneSpellingOfText<T>(parse: (text: string) => T, format: (value: T) => string): Target['run'] {
  return oneSpelling(
    (bytes) => parse(parseUtf8(bytes)),
    (value) => utf8(format(value)),
  )
}

/** For formats with several spellings: what is printed means what was read, and is then spelled in one way. */
export function oneMeaning<T>(parse: (bytes: Uint8Array) => T, format: (value: T) => Uint8Array): Target['run'] {
  return (bytes) => {
    const value = parse(bytes)
    surely(() => {
      const printed = format(value)
      const again = parse(printed)
      if (!isDeepStrictEqual(again, value)) throw new Error('printed and read again, it means something else')
      if (!equal(format(again), printed)) throw new Error('printed twice, it is spelled in two ways')
    })
  }
}

/** Runs what may not be refused any more. */
export function surely<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof TlogError) throw new Error(`accepted, and then refused: ${error.message}`, { cause: error })
    throw error
  }
}
