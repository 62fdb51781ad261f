/** Models in safetensors, a file each. */

import { sha256 } from '#sha256'
import { isSafetensors, readSafetensors } from '../../formats/model/safetensors.ts'
import { findSlot } from '../../formats/model/slot.ts'
import { SLOT_KEY } from '../../formats/model/slot-header.ts'
import type { Kind } from './kind.ts'
import { declared, digestsNode, findingsNode, slotNode, tensorNodes } from './show-model.ts'
import { detail, list, number, part, parts, text } from './tree.ts'

export const safetensors: Kind = {
  name: 'safetensors',
  title: 'a model in safetensors',
  isModel: true,
  recognise: ({ head, size }) => (isSafetensors(head, size) ? 'the length of its header, and its brace' : null),
  async show({ source, digests, askLog }) {
    const { metadata, tensors, data, findings } = await readSafetensors(source)
    const slot = await findSlot(source)
    const own = [...metadata].filter(([key]) => slot === null || key !== SLOT_KEY)
    const says = list(own, ([key, value]) => parts(part('key', text(key)), part('value', text(value))))
    const whole = [{ from: 0, to: source.size }]
    const found = await digests([whole, slot?.stripped ?? whole])
    const [file, unslotted] = found ?? []
    const logged = await askLog(unslotted)
    const named = [
      { label: 'file', digest: file },
      { label: 'OMS root', digest: file && sha256(file), note: 'of this file as a model by itself' },
    ]
    return parts(
      ...tensorNodes(tensors),
      own.length === 0 ? null : declared('metadata', says),
      digestsNode(found === null ? null : named),
      slotNode(slot, unslotted),
      logged?.node ?? null,
      detail(part('tensors begin at', number(data.start))),
      detail(part('tensors end at', number(data.end))),
      findingsNode(findings),
    )
  },
}
