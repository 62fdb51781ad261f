/** Models in safetensors, a file each. */

import { isSafetensors, readSafetensors } from '../../formats/model/safetensors.ts'
import type { Kind } from './kind.ts'
import { declared, findingsNode, tensorNodes } from './show-model.ts'
import { detail, list, number, part, parts, text } from './tree.ts'

export const safetensors: Kind = {
  name: 'safetensors',
  title: 'a model in safetensors',
  recognise: ({ head, size }) => (isSafetensors(head, size) ? 'the length of its header, and its brace' : null),
  async show({ source }) {
    const { metadata, tensors, data, findings } = await readSafetensors(source)
    const says = list([...metadata], ([key, value]) => parts(part('key', text(key)), part('value', text(value))))
    return parts(
      ...tensorNodes(tensors),
      metadata.size === 0 ? null : declared('metadata', says),
      detail(part('tensors begin at', number(data.start))),
      detail(part('tensors end at', number(data.end))),
      findingsNode(findings),
    )
  },
}
