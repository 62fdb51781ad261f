/**
 * Models, whole and changed, put to the readers of PyPI and Hugging Face and to ours: a file that ours calls clean is read
 * alike by all of them, or refused. COLOPHON_E2E_MODELS=10000 for a long run.
 */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sourceOf } from '../../src/formats/model/byte-source.ts'
import { readGguf } from '../../src/formats/model/gguf.ts'
import type { GgufValue } from '../../src/formats/model/gguf-values.ts'
import { pieced } from '../../src/formats/model/pieces.ts'
import { readSafetensors } from '../../src/formats/model/safetensors.ts'
import { addSlot, findSlot } from '../../src/formats/model/slot.ts'
import { hex, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import * as make from '../formats/model/make.ts'
import { bytesOf, TOY_GGUF } from '../formats/model/make-llamafile.ts'
import { mutate } from '../fuzz/mutate.ts'
import { type Random, randomOf } from '../fuzz/random.ts'
import { client, scratch } from './support.ts'

t.setTimeout(20 * 60_000)

const COUNT = Number(process.env.COLOPHON_E2E_MODELS ?? 2000)
const SEED = process.env.COLOPHON_E2E_SEED ?? randomBytes(4).toString('hex')

interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type?: string | number
  readonly at?: number
  readonly length?: number
}

interface Found {
  readonly fields: Readonly<Record<string, unknown>>
  readonly tensors: readonly Tensor[]
  readonly refused?: string
}

/** A reader that stays: a path in, an answer out. */
class Reader {
  readonly #child
  readonly #answers

  constructor(program: string, script: string) {
    this.#child = spawn(program, [script], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async read(path: string): Promise<Found> {
    this.#child.stdin.write(`${path}\n`)
    const { value } = await this.#answers.next()
    return JSON.parse(String(value)) as Found
  }

  stop(): void {
    this.#child.kill()
  }
}

const [python, huggingFace] = [await client('model-readers'), await client('huggingface-gguf')]
const pypi = new Reader(python, fileURLToPath(new URL('pip/model-readers/read.py', import.meta.url)))
const javaScript = new Reader(process.execPath, join(huggingFace, 'read.mjs'))
const folder = await scratch(t)
t.teardown(() => {
  pypi.stop()
  javaScript.stop()
})

function write(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

/** Of values that all readers print alike: whole numbers, bools and texts. */
function printed({ type, value }: GgufValue): string | undefined {
  if (type === 'string') return value.begins.length === value.length ? hex(value.begins) : undefined
  return type === 'array' || type === 'f32' || type === 'f64' ? undefined : String(value)
}

async function ours(kind: Kind, bytes: Uint8Array): Promise<Found | null> {
  try {
    return kind === 'gguf' ? await oursOfGguf(bytes) : await oursOfSafetensors(bytes)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** Null: it is not clean. */
async function oursOfGguf(bytes: Uint8Array): Promise<Found | null> {
  const { fields, tensors, findings } = await readGguf(sourceOf(bytes))
  if (findings.count > 0) return null
  return {
    fields: Object.fromEntries(fields.map(({ key, value }) => [key, printed(value)])),
    tensors: tensors.map(({ name, shape, type, at, length }) => ({ name, shape, type, at, length: length ?? -1 })),
  }
}

async function oursOfSafetensors(bytes: Uint8Array): Promise<Found | null> {
  const { metadata, tensors, findings } = await readSafetensors(sourceOf(bytes))
  if (findings.count > 0) return null
  const named = tensors.map(({ name, shape, type }) => ({ name, shape, type }))
  return { fields: Object.fromEntries(metadata), tensors: named.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** What another reads differently, in a word; null where nothing is, as far as it says it. */
function difference(own: Found, theirs: Found): string | null {
  for (const [key, value] of Object.entries(own.fields)) {
    if (!(key in theirs.fields)) return `field ${key} is missing`
    const other = theirs.fields[key]
    if (value !== undefined && textOf(other) !== textOf(value)) return `field ${key}: ${value}, theirs ${other}`
  }
  if (Object.keys(theirs.fields).length !== Object.keys(own.fields).length) return 'another number of fields'
  if (theirs.tensors.length !== own.tensors.length) return 'another number of tensors'
  for (const [i, tensor] of own.tensors.entries()) {
    const other = theirs.tensors[i] as Tensor
    for (const part of ['name', 'shape', 'type', 'at', 'length'] as const)
      if (typeof other[part] === typeof tensor[part] && JSON.stringify(other[part]) !== JSON.stringify(tensor[part]))
        return `tensor ${tensor.name}: ${part} ${tensor[part]}, theirs ${other[part]}`
  }
  return null
}

/** Python says True. */
function textOf(value: unknown): string {
  return String(value)
    .replace(/^True$/, 'true')
    .replace(/^False$/, 'false')
}

/** Its texts are texts, ours are hex. */
function asHex(found: Found, own: Found): Found {
  if (found.refused !== undefined) return found
  const texts = Object.entries(found.fields).map(([key, value]) => {
    const isText = /^([0-9a-f]{2})*$/.test(String(own.fields[key])) && !/^\d+$/.test(String(value))
    return [key, isText || own.fields[key] === '' ? Buffer.from(String(value)).toString('hex') : value]
  })
  return { ...found, fields: Object.fromEntries(texts) }
}

type Kind = 'gguf' | 'safetensors'

function anyGguf(random: Random): Uint8Array {
  const fields = Array.from({ length: random.below(4) }, (_, i) =>
    random.pick([
      () => make.text(`text.${i}`, 'x'.repeat(random.below(20))),
      () => make.count(`count.${i}`, random.below(2 ** 32)),
      () => make.field(`flag.${i}`, 7, make.u8(random.below(2))),
      () => make.field(`big.${i}`, 10, make.u64(random.below(2 ** 40))),
      () => make.array(`list.${i}`, 8, [make.string('a'), make.string('b')]),
    ])(),
  )
  const tensors = Array.from({ length: random.below(4) }, (_, i) => {
    const type = random.pick([0, 1, 2, 8, 24, 30])
    const block = { 0: [1, 4], 1: [1, 2], 2: [32, 18], 8: [32, 34], 24: [1, 1], 30: [1, 2] }[type] as [number, number]
    const dims = [block[0] * (1 + random.below(3)), 1 + random.below(3)]
    const length = ((dims[0] as number) / block[0]) * block[1] * (dims[1] as number)
    return { name: `t${i}`, dims, type, data: new Uint8Array(length).fill(i + 1) }
  })
  return make.gguf({ fields: [make.text('general.architecture', 'toy'), ...fields], tensors })
}

function anySafetensors(random: Random): Uint8Array {
  let at = 0
  const tensors = Array.from({ length: 1 + random.below(3) }, (_, i) => {
    const [dtype, size] = random.pick([
      ['F32', 4],
      ['F16', 2],
      ['I64', 8],
      ['U8', 1],
    ] as const)
    const shape = [1 + random.below(3), 1 + random.below(3)]
    const begin = at
    at += size * (shape[0] as number) * (shape[1] as number)
    return [`t${i}`, { dtype, shape, data_offsets: [begin, at] }] as const
  })
  const metadata = random.once(2) ? { __metadata__: { format: 'np', note: 'x'.repeat(random.below(9)) } } : {}
  return make.safetensors({ ...metadata, ...Object.fromEntries(tensors) }, new Uint8Array(at))
}

const SLOT = utf8('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}\n')

async function withSlot(bytes: Uint8Array): Promise<Uint8Array> {
  const source = sourceOf(bytes)
  return await bytesOf(pieced(source, (await addSlot(source, SLOT)).pieces))
}

t.test('with a slot a model is read as without', async (t) => {
  const random = randomOf(SEED)
  for (let i = 0; i < 20; i++)
    for (const kind of ['gguf', 'safetensors'] as const) {
      const file = kind === 'gguf' ? anyGguf(random) : anySafetensors(random)
      const [plain, slotted] = [write(`plain.${kind}`, file), write(`slot.${kind}`, await withSlot(file))]
      const [before, after] = [await pypi.read(plain), await pypi.read(slotted)]
      t.equal(after.refused, undefined)
      const { tlslot, ...fields } = after.fields
      t.equal(tlslot !== undefined, kind === 'safetensors')
      t.same({ ...after, fields }, before)
      if (kind === 'gguf') t.same(await javaScript.read(slotted), await javaScript.read(plain))
    }
})

t.test(`${COUNT} changed models, seed ${SEED}`, async (t) => {
  const random = randomOf(SEED)
  const counts = { clean: 0, refused: 0 }
  for (let i = 0; i < COUNT; i++) {
    const kind = random.pick(['gguf', 'safetensors'] as const)
    const whole = kind === 'gguf' ? anyGguf(random) : anySafetensors(random)
    const material = {
      random,
      corpus: [whole, TOY_GGUF],
      words: ['general.alignment', '__metadata__', 'data_offsets'],
      maxBytes: 4096,
    }
    const bytes = random.once(4) ? whole : mutate(whole, material)
    const own = await ours(kind, bytes)
    if (own === null || (await findSlot(sourceOf(bytes))) !== null) continue
    counts.clean++
    const path = write(`changed.${kind}`, bytes)
    const answers = [await pypi.read(path), ...(kind === 'gguf' ? [asHex(await javaScript.read(path), own)] : [])]
    for (const [at, theirs] of answers.entries()) {
      if (theirs.refused !== undefined) counts.refused++
      const found = theirs.refused === undefined ? difference(own, theirs) : null
      if (found !== null) t.fail(`${['PyPI', 'JavaScript'][at]}, file ${i}: ${found}: ${hex(bytes)}`)
    }
  }
  t.ok(counts.clean > COUNT / 5, `${counts.clean} clean, ${counts.refused} refused by another`)
})
