/** Readers of models: a header, and what lies where. */

import { parseApeSignatures } from '../../src/formats/model/apesig.ts'
import { checkArgs, readArgs } from '../../src/formats/model/args.ts'
import { type ByteSource, sourceOf } from '../../src/formats/model/byte-source.ts'
import { Findings } from '../../src/formats/model/finding.ts'
import { readGguf } from '../../src/formats/model/gguf.ts'
import { readLlamafile } from '../../src/formats/model/llamafile.ts'
import { readModelCard } from '../../src/formats/model/model-card.ts'
import { filesOf, parseOmsStatement } from '../../src/formats/model/oms.ts'
import { pieced } from '../../src/formats/model/pieces.ts'
import { readSafetensors } from '../../src/formats/model/safetensors.ts'
import { checkShards, parseSafetensorsIndex } from '../../src/formats/model/safetensors-index.ts'
import { addSlot, findSlot } from '../../src/formats/model/slot.ts'
import type { Tensor } from '../../src/formats/model/tensor.ts'
import { equal, parseBase64, utf8 } from '../../src/kernel/bytes.ts'
import * as make from '../formats/model/make.ts'
import { apesig } from '../formats/model/make-apesig.ts'
import { append, bytesOf, toyRuntime } from '../formats/model/make-llamafile.ts'
import type { Target } from './oracle.ts'
import { json } from './seeds.ts'

interface Model {
  readonly tensors: readonly Tensor[]
  readonly findings: { readonly count: number }
  readonly data: { readonly start: number; readonly end: number }
}

/** Nothing beyond the file is asked for; and without a finding every byte is in the header, in one tensor, or a zero. */
function explained(read: (source: ByteSource) => Promise<Model>): Target['run'] {
  return async (bytes) => {
    const model = await read(guarded(bytes))
    if (model.findings.count > 0) return
    const covered = new Uint8Array(bytes.length).fill(1, 0, model.data.start)
    for (const { at, length, name } of model.tensors) {
      const part = covered.subarray(at, at + (length ?? 0))
      if (part.length !== length || part.includes(1)) throw new Error(`no finding, and ${name} is cut or in two`)
      part.fill(1)
    }
    if (bytes.some((byte, i) => byte !== 0 && covered[i] === 0)) throw new Error('no finding, and hidden bytes')
  }
}

function guarded(bytes: Uint8Array): ByteSource {
  const source = sourceOf(bytes)
  return {
    size: source.size,
    read(at, length) {
      if (at < 0 || length < 0 || at + length > source.size)
        throw new Error(`reads ${length} at ${at} of ${source.size}`)
      return source.read(at, length)
    },
  }
}

const gguf = () => [
  make.gguf({ tensors: [make.W] }),
  make.gguf({
    fields: [
      make.text('general.architecture', 'toy'),
      make.count('general.alignment', 8),
      make.array('tokens', 8, [make.string('a'), make.string('b')]),
      make.array('nested', 9, [make.array('', 4, [make.u32(1)]).subarray(12)]),
      make.field('flag', 7, make.u8(1)),
      make.field('big', 10, make.u64(1)),
    ],
    tensors: [make.W, { name: 'q', dims: [32], type: 2, data: new Uint8Array(18) }],
    alignment: 8,
  }),
  make.gguf({ version: 2, littleEndian: false }),
]

const safetensors = () => [
  make.safetensors({}, new Uint8Array()),
  make.safetensors(
    {
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
      b: { dtype: 'F4', shape: [2], data_offsets: [8, 9] },
    },
    new Uint8Array(9),
  ),
]

/** Every byte is told of once, and in order; without a finding none is unexplained. */
async function partitioned(bytes: Uint8Array): Promise<void> {
  const { regions, findings } = await readLlamafile(guarded(bytes))
  let at = 0
  for (const { from, to } of regions) {
    if (from !== at || to <= from) throw new Error(`a region from ${from} to ${to}, behind ${at}`)
    at = to
  }
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are in no region`)
  if (findings.count === 0 && regions.some(({ kind }) => kind === 'unexplained'))
    throw new Error('no finding, and unexplained bytes')
}

// Small ones: what lies between is not what is tried.
const RUNTIME = await toyRuntime()
const FUSED = await append(RUNTIME, { 'toy.gguf': make.gguf({ tensors: [make.W] }), '.args': '-m /zip/toy.gguf' }, 64)
const AGAIN = await append(FUSED, { '.args': '-m toy.gguf $HOME' }, 64)

const llamafile = () => [RUNTIME, FUSED, AGAIN]
/** What is found can be taken out, and put in again to the same bytes; what can be put in is found. */
async function returns(bytes: Uint8Array): Promise<void> {
  const source = guarded(bytes)
  const slot = await findSlot(source)
  if (slot !== null) {
    const rest = await bytesOf(pieced(source, slot.stripped))
    const again = await bytesOf(pieced(sourceOf(rest), (await addSlot(sourceOf(rest), slot.payload)).pieces))
    if (!equal(again, bytes)) throw new Error('stripped, it is another file than the one it was added to')
    return
  }
  const added = await bytesOf(pieced(source, (await addSlot(source, PAYLOAD)).pieces))
  const found = await findSlot(sourceOf(added))
  if (found === null || !equal(await bytesOf(pieced(sourceOf(added), found.stripped)), bytes))
    throw new Error('added, and not to be stripped')
}

const PAYLOAD = utf8('{}\n')
const SLOTTED = await Promise.all(
  [make.gguf({ tensors: [make.W] }), ...safetensors().slice(1), FUSED].map(async (file) => {
    const source = sourceOf(file)
    return await bytesOf(pieced(source, (await addSlot(source, PAYLOAD)).pieces))
  }),
)

const args = () => ['-m toy.gguf ...', `# none\n'a "b"' "\\t\\"" $A`].map(utf8)

const statements = () =>
  ['v1.1.0-certificate', 'v1.0.0-elliptic-key'].map((model) => {
    const { dsseEnvelope } = json<{ dsseEnvelope: { payload: string } }>(`oms/${model}/model.sig`)
    return parseBase64(dsseEnvelope.payload)
  })

/** Of a manifest every resource belongs to one file, whose parts follow one another. */
function runOms(bytes: Uint8Array): void {
  const manifest = parseOmsStatement(bytes)
  const parts = [...filesOf(manifest).values()]
  const isWhole = parts.every((all) =>
    all.every(({ shard }, i) => (shard?.start ?? 0) === (all[i - 1]?.shard?.end ?? 0)),
  )
  if (!isWhole || parts.flat().length !== manifest.resources.length) throw new Error('parts that do not follow')
}

export const MODELS: readonly Target[] = [
  { name: 'gguf', seeds: gguf, run: explained(readGguf) },
  { name: 'safetensors', seeds: safetensors, run: explained(readSafetensors) },
  { name: 'llamafile', seeds: llamafile, run: partitioned },
  { name: 'slot', seeds: () => [...SLOTTED, ...safetensors(), ...gguf(), RUNTIME], run: returns },
  {
    name: 'safetensors-index',
    seeds: () => [utf8('{"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors"}}')],
    run: (bytes) => checkShards(parseSafetensorsIndex(bytes), new Map(), new Findings()),
  },
  {
    name: 'apesig',
    seeds: () => [apesig(), apesig({ identity: 'someone', machines: [62, 183] })],
    run: (bytes) => {
      parseApeSignatures(bytes)
    },
  },
  { name: 'oms', seeds: statements, run: runOms },
  {
    name: 'model-card',
    seeds: () => [utf8('---\nbase_model:\n- "a/b" # c\nbase_model_relation: merge\ndatasets: [a/b, c]\n---\n')],
    run: (bytes) => {
      readModelCard(bytes)
    },
  },
  {
    name: 'args',
    seeds: args,
    run: (bytes) => {
      checkArgs(readArgs(bytes), 0, new Findings())
    },
  },
]
