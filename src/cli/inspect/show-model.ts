/** What models of every format have: tensors, and what was noticed. */

import type { Findings } from '../../formats/model/finding.ts'
import type { Slot } from '../../formats/model/slot.ts'
import { readSlotLines } from '../../formats/model/slot-lines.ts'
import type { Tensor } from '../../formats/model/tensor.ts'
import { bytes, type Content, detail, list, type Node, number, part, parts, text, word } from './tree.ts'

const UNPROVEN = 'what its producer says; nothing in the file proves it'

/** Under which heading stands what the file says of itself. */
export function declared(label: string, content: Content): Node {
  return part(label, content, UNPROVEN)
}

/** How many bytes in which type: what a model weighs, and how it was quantised. */
export function tensorNodes(tensors: readonly Tensor[]): Node[] {
  const byType = new Map<string, { tensors: number; elements: number; bytes: number }>()
  for (const { type, shape, length } of tensors) {
    const sum = byType.get(type) ?? { tensors: 0, elements: 0, bytes: 0 }
    sum.tensors++
    sum.elements += shape.reduce((product, dimension) => product * dimension, 1)
    sum.bytes += length ?? 0
    byType.set(type, sum)
  }
  const types = [...byType].toSorted(([, a], [, b]) => b.bytes - a.bytes)
  return [
    part('parameters', number(types.reduce((sum, [, { elements }]) => sum + elements, 0))),
    part(
      'types',
      list(types, ([name, sum]) =>
        parts(
          part('type', text(name)),
          part('tensors', number(sum.tensors)),
          part('parameters', number(sum.elements)),
          part('bytes', number(sum.bytes)),
        ),
      ),
    ),
    detail(part('tensors', list(tensors, showTensor))),
  ]
}

function showTensor({ name, type, shape, at, length }: Tensor): Content {
  return parts(
    part('name', text(name)),
    part('type', text(type)),
    part('shape', word(`[${shape.join(', ')}]`)),
    part('at', number(at)),
    length === null ? null : part('bytes', number(length)),
  )
}

/** Null: it has none. @param digest of the file without it, where that was computed */
export function slotNode(slot: Slot | null, digest: Uint8Array | null | undefined): Node | null {
  if (slot === null) return null
  const { carrier, payload } = slot
  const lines = readSlotLines(payload)
  const found = [lines?.bundle && 'a bundle', lines?.proof && 'a proof file'].filter(Boolean)
  const said = found.length === 0 ? 'nothing that is known here' : found.join(' and ')
  return part(
    'slot',
    parts(
      part('place', word(PLACES[carrier])),
      part('bytes', number(payload.length)),
      part('holds', word(said)),
      digest ? part('sha256', bytes(digest), 'of the file without it, which is what was signed') : null,
    ),
    'anybody can put one in: `colophon verify` checks it',
  )
}

const PLACES = {
  gguf: 'behind the weights',
  safetensors: 'in the metadata',
  zip: "in the archive's comment",
} as const satisfies Record<Slot['carrier'], string>

/** A digest by which a log may know the whole file, or a part of it. */
export interface Named {
  readonly label: string
  readonly digest: Uint8Array | null | undefined
  readonly note?: string
}

/** Null where the file was not hashed. */
export function digestsNode(named: readonly Named[] | null): Node {
  if (named === null) return part('digests', word('not computed'), 'with --digests')
  const known = named.flatMap(({ label, digest, note }) => (digest ? [part(label, bytes(digest), note)] : []))
  return part('digests', parts(...known))
}

export function findingsNode({ list: found, count }: Findings): Node {
  const shown = list(found, ({ code, what, at }) =>
    parts(part('finding', word(code)), part('at', number(at)), part('what', text(what))),
  )
  return part(
    'findings',
    shown.kind === 'list' ? { ...shown, total: count } : shown,
    count === 0 ? undefined : 'what other readers take differently, or do not show',
  )
}
