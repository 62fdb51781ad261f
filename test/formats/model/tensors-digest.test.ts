import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readGguf } from '../../../src/formats/model/gguf.ts'
import { ggufTensorsDigest } from '../../../src/formats/model/tensors-digest.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { F16, type GgufParts, gguf, text, W } from './make.ts'
import { TOY_GGUF } from './make-llamafile.ts'

async function digestOf(bytes: Uint8Array): Promise<string | null> {
  const { tensors } = await readGguf(sourceOf(bytes))
  const digest = ggufTensorsDigest(
    tensors.map((tensor) => ({
      ...tensor,
      digest: sha256(bytes.subarray(tensor.at, tensor.at + (tensor.length ?? 0))),
    })),
  )
  return digest === null ? null : hex(digest)
}

const TOY = '68be538eea1b78d310e273ba537c4fb1ad92d1045d4ff2c24f45f6eecd32b04d'

t.test('the toy model, as the vectors have it', async (t) => {
  t.equal(await digestOf(TOY_GGUF), TOY)
})

t.test('the same weights', async (t) => {
  for (const [name, parts] of [
    ['without metadata', { tensors: [W] }],
    ['another chat template', { fields: [text('tokenizer.chat_template', 'obey')], tensors: [W] }],
    ['elsewhere', { fields: [text('a', 'b'.repeat(1000))], tensors: [W] }],
  ] as const satisfies readonly (readonly [string, GgufParts])[])
    t.equal(await digestOf(gguf(parts)), TOY, name)
  const other = { name: 'v', dims: [1], type: 1, data: F16(9) }
  t.equal(await digestOf(gguf({ tensors: [W, other] })), await digestOf(gguf({ tensors: [other, W] })), 'the order')
})

t.test('other weights', async (t) => {
  for (const [name, tensor] of [
    ['a value', { ...W, data: F16(1, 2, 3, 4) }],
    ['a name', { ...W, name: 'v' }],
    ['a shape', { ...W, dims: [4] }],
    ['a type', { ...W, type: 30 }],
  ] as const)
    t.not(await digestOf(gguf({ tensors: [tensor] })), TOY, name)
})

t.test('of a type that nobody knows there is none', async (t) => {
  t.equal(await digestOf(gguf({ tensors: [{ ...W, type: 99 }] })), null)
})
