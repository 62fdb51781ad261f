/** Every value of the toy models in test/vectors/models, made once more by our own generators and readers. */

import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readGguf } from '../../../src/formats/model/gguf.ts'
import { readLlamafile } from '../../../src/formats/model/llamafile.ts'
import { omsRoot } from '../../../src/formats/model/oms.ts'
import { pieced } from '../../../src/formats/model/pieces.ts'
import { addSlot } from '../../../src/formats/model/slot.ts'
import { ggufTensorsDigest } from '../../../src/formats/model/tensors-digest.ts'
import { hex, parseUtf8, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { readJson } from '../../kernel/support.ts'
import { F32, safetensors } from './make.ts'
import { append, bytesOf, TOY_GGUF, toyLlamafile, toyRuntime } from './make-llamafile.ts'

type Value = string | number | readonly Value[] | { readonly [key: string]: Value }

const digest = (bytes: Uint8Array) => hex(sha256(bytes))
const w = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }
const base = safetensors({ w }, F32(1, 2, 3, 4))
const tuned = safetensors({ __metadata__: { format: 'pt' }, w }, F32(1, 2, 3, 5))
const config = utf8('{"architectures":["ToyForCausalLM"]}\n')
/** By name: config.json, then model.safetensors. */
const rootWith = (weights: Uint8Array) => hex(omsRoot([config, weights].map((file) => ({ digest: sha256(file) }))))

const llamafile = await toyLlamafile()
const repacked = await append(llamafile, { '.args': '-m\ntoy-F16.gguf\n--host\n0.0.0.0\n...\n' })
const apart = await readLlamafile(sourceOf(repacked))
const member = (name: string) => apart.regions.find((region) => region.kind === 'content' && region.name === name)?.from
const [args] = (await readLlamafile(sourceOf(llamafile))).zip.members.filter(({ name }) => name === '.args')
const { tensors } = await readGguf(sourceOf(TOY_GGUF))
const weights = ggufTensorsDigest(
  tensors.map((tensor) => ({
    ...tensor,
    digest: sha256(TOY_GGUF.subarray(tensor.at, tensor.at + (tensor.length ?? 0))),
  })),
)

const payload = '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","example":true}\n'
async function slotted(file: Uint8Array): Promise<Uint8Array> {
  const source = sourceOf(file)
  return await bytesOf(pieced(source, (await addSlot(source, utf8(payload))).pieces))
}
const signed = {
  gguf: await slotted(TOY_GGUF),
  llamafile: await slotted(llamafile),
  base: await slotted(base),
  tuned: await slotted(tuned),
}
/** What stands there in it. */
const slotOf = (file: Uint8Array, at: number, length: number) => parseUtf8(file.subarray(at, at + length))

const MADE: Readonly<Record<string, Value>> = {
  base: { config_sha256: digest(config), st_sha256: digest(base), st_hex: hex(base), oms_root: rootWith(base) },
  ft: { st_sha256: digest(tuned), st_hex: hex(tuned), oms_root: rootWith(tuned) },
  gguf: {
    size: TOY_GGUF.length,
    hex: hex(TOY_GGUF),
    sha256: digest(TOY_GGUF),
    tensors_v1: weights === null ? '' : hex(weights),
  },
  llamafile: {
    runtime_size: (await toyRuntime()).length,
    runtime_sha256: digest(await toyRuntime()),
    size: llamafile.length,
    sha256: digest(llamafile),
    gguf_offset: member('toy-F16.gguf') ?? 0,
    args_offset: args?.content.from ?? 0,
    args_sha256: digest(llamafile.subarray(args?.content.from, args?.content.to)),
  },
  layers: apart.layers.map(({ end }) => [end, digest(repacked.subarray(0, end))]),
  slots: {
    payload,
    payload_len: payload.length,
    trailer_len: signed.gguf.length - TOY_GGUF.length,
    trailer_sha256: digest(signed.gguf.subarray(TOY_GGUF.length)),
    llamafile_signed_sha256: digest(signed.llamafile),
    llamafile_signed_size: signed.llamafile.length,
    gguf_signed_sha256: digest(signed.gguf),
    gguf_signed_size: signed.gguf.length,
    st_base_signed_sha256: digest(signed.base),
    st_ft_signed_sha256: digest(signed.tuned),
  },
}

t.test('the toy models', async (t) => {
  const { dataset, ...vectors } = readJson('models/vectors.json') as Record<string, Value>
  t.ok(dataset)
  t.same(Object.keys(vectors).sort(), Object.keys(MADE).sort())
  for (const [topic, made] of Object.entries(MADE)) t.match(vectors[topic], made, topic)
  const slots = vectors.slots as Record<string, string | number>
  const known = new Set(Object.keys(MADE.slots ?? {}))
  const rest = Object.keys(slots).filter((name) => !known.has(name))
  t.same(rest, ['st_base_ins', 'st_base_at', 'st_base_N', 'st_ft_ins', 'st_ft_at'])
  for (const [name, file] of [
    ['st_base', signed.base],
    ['st_ft', signed.tuned],
  ] as const) {
    const text = String(slots[`${name}_ins`])
    t.equal(slotOf(file, Number(slots[`${name}_at`]), text.length), text, name)
  }
  t.equal(new DataView(signed.base.buffer, signed.base.byteOffset).getUint32(0, true), slots.st_base_N)
})
