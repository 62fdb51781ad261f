/** Parsers with known faults, to see that they are found. */

import type { Target } from './oracle.ts'

const seeds = () => [Uint8Array.of(0)]

/** One byte after the other: who does not see which branches ran needs 2^32 inputs. */
function runDeep([a, b, c, d]: Uint8Array): void {
  if (a !== 0x63) return
  if (b !== 0x6f) return
  if (c !== 0x6c) return
  if (d === 0x6f) throw new RangeError('deep')
}

function runHang(bytes: Uint8Array): void {
  while (bytes[0] === 0x68);
}

/** A chain, as an array would outgrow the heap in one step. */
function runHeap(bytes: Uint8Array): void {
  let held: readonly unknown[] = []
  while (bytes[0] === 0x6d) held = [held, new Array(100).fill(0)]
}

export const TARGETS: readonly Target[] = [
  { name: 'deep', seeds, run: runDeep },
  { name: 'hang', seeds, run: runHang },
  { name: 'heap', seeds, run: runHeap },
  { name: 'sound', seeds, run: () => {} },
]
