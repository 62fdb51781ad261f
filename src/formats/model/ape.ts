/**
 * Actually portable executables, the beginning of every llamafile (jart/cosmopolitan, ape/specification.md): a shell
 * script, a program of DOS and ELF headers in one. Loaders look at the first 8 KiB alone.
 */

import type { Findings } from './finding.ts'
import { viewOf } from './zip-records.ts'

export interface Ape {
  /** The first six letters. */
  readonly magic: string
  /** For which processors the script has an ELF header, by the ELF specification's names. */
  readonly machines: readonly string[]
  /** Programs that its script starts it with, where there is one: `ape` in PATH, `.ape-VERSION` in TMPDIR or HOME. */
  readonly loaders: readonly string[]
}

const MAGICS = ["MZqFpD='", "jartsr='", "APEDBG='"]
const SEEN = 8192
const ELF_HEADER = 64
const MACHINES: Readonly<Record<number, string>> = { 62: 'x86-64', 183: 'aarch64' }
/** What the first bytes become when the file is "assimilated": rewritten in place, for good. */
const ASSIMILATED = [0x7f454c46, 0xcffaedfe, 0xcefaedfe]

export function isApe(head: Uint8Array): boolean {
  const text = latin1(head.subarray(0, 8))
  return MAGICS.includes(text)
}

/** Null: not the beginning of one. @param head at least the first SEEN bytes, or all there are */
export function readApe(head: Uint8Array, findings: Findings): Ape | null {
  const text = latin1(head.subarray(0, SEEN))
  const magic = MAGICS.find((each) => text.startsWith(each))
  if (magic === undefined) return null
  // Whatever was verified here may be run by a loader that was not.
  const found = [...text.matchAll(/exec (ape) |\/(\.ape-[0-9.]+)/g)]
  const [first] = found
  if (first !== undefined)
    findings.add(
      'LOADER_FROM_OUTSIDE',
      first.index,
      'it is started by an `ape` in PATH, or a .ape file in TMPDIR or HOME, where there is one',
    )
  const loaders = [...new Set(found.map(([, inPath, named]) => inPath ?? named ?? ''))]
  return { magic: magic.slice(0, 6), machines: [...elfHeaders(text)].map(machineOf), loaders }
}

/** Whether a program was written over the beginning of what may have been one. */
export function isAssimilated(head: Uint8Array): boolean {
  return head.length >= 4 && ASSIMILATED.includes(viewOf(head).getUint32(0))
}

/** Those that loaders take from the script: printf of octal escapes and plain ASCII. */
function* elfHeaders(text: string): Iterable<Uint8Array> {
  for (const [, quoted = ''] of text.matchAll(/printf '(\\177ELF(?:\\[0-7]{1,3}|[^'\\])*)'/g)) {
    const plain = quoted.replace(/\\([0-7]{1,3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8) & 255),
    )
    if (plain.length >= ELF_HEADER) yield Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
  }
}

function machineOf(header: Uint8Array): string {
  return nameOfMachine(viewOf(header).getUint16(18, true))
}

export function nameOfMachine(machine: number): string {
  return MACHINES[machine] ?? `machine ${machine}`
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}
