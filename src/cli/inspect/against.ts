/** `inspect FILE --against OTHER`: what differs between two files of weights. */

import {
  compareWeights,
  type Differences,
  readWeights,
  type Weights,
  type WeightsCompared,
} from '../../files/compare-weights.ts'
import type { OnBytes } from '../../files/digest-file.ts'
import { withSource } from '../../files/slot-file.ts'
import type { ByteSource } from '../../formats/model/byte-source.ts'
import { TlogError } from '../../kernel/error.ts'
import { attemptAsync, list, type Node, part, parts, text, word } from './tree.ts'

/** @throws the system's error when the other cannot be read */
export async function againstNode(source: ByteSource, other: string, onBytes: OnBytes): Promise<Node> {
  const content = await attemptAsync(async () => {
    const one = await readWeights(source, onBytes)
    const two = await withSource(other, (file) => readOther(file, onBytes))
    const { verdict, tensors, fields } = compareWeights(one, two)
    return parts(
      part('other', text(other)),
      part('verdict', word(verdict), NOTES[verdict]),
      differences('tensors', tensors),
      differences('fields', fields),
    )
  })
  return part('against', content)
}

async function readOther(file: ByteSource, onBytes: OnBytes): Promise<Weights> {
  try {
    return await readWeights(file, onBytes)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    throw new TlogError(error.code, `the other file: ${error.message}`, { cause: error })
  }
}

const NOTES = {
  'the same bytes': 'without a slot, where there is one',
  'same weights, other metadata': 'names, types, shapes and contents of all tensors are the same',
  'other weights': 'another model, whatever it is called',
} as const satisfies Record<WeightsCompared['verdict'], string>

function differences(label: string, { changed, added, removed }: Differences): Node | null {
  const kinds = Object.entries({ changed, added, removed }).filter(([, names]) => names.length > 0)
  return kinds.length === 0 ? null : part(label, parts(...kinds.map(([kind, names]) => part(kind, list(names, text)))))
}
