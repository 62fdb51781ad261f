// Reads models with @huggingface/gguf: a path a line on standard input, what is in it as a line of JSON on standard output.

import { createInterface } from 'node:readline'
import { gguf } from '@huggingface/gguf'

const plain = (value) => (Array.isArray(value) ? value.map(plain) : typeof value === 'string' ? value : String(value))

for await (const path of createInterface({ input: process.stdin })) {
  let found
  try {
    const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true })
    const { version: _, tensor_count: __, kv_count: ___, ...fields } = metadata
    found = {
      fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)])),
      tensors: tensorInfos.map(({ name, shape, dtype, offset }) => ({
        name,
        shape: shape.map(Number),
        type: dtype,
        at: Number(tensorDataOffset) + Number(offset),
      })),
    }
  } catch (error) {
    found = { refused: String(error).slice(0, 200) }
  }
  console.log(JSON.stringify(found))
}
