/** Directories as models: what is in them, and whether it belongs together. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { omsRoot } from '../../../src/formats/model/oms.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import * as make from '../../formats/model/make.ts'
import { command, scratch } from '../support.ts'

type Files = Readonly<Record<string, string | Uint8Array>>

const tensor = (begin: number, end: number) => ({ dtype: 'U8', shape: [end - begin], data_offsets: [begin, end] })
const shard = (...names: readonly string[]) =>
  make.safetensors(Object.fromEntries(names.map((name, i) => [name, tensor(i, i + 1)])), new Uint8Array(names.length))
const index = (map: Readonly<Record<string, string>>, size = Object.keys(map).length) =>
  JSON.stringify({ metadata: { total_size: size }, weight_map: map })
const u16 = (key: string, value: number) => make.field(key, 2, make.u32(value).subarray(0, 2))
const part = (i: number, count: number, tensors: number) =>
  make.gguf({
    fields: [u16('split.no', i), u16('split.count', count), make.field('split.tensors.count', 5, make.u32(tensors))],
    tensors: [{ ...make.W, name: `w${i}` }],
  })

const WHOLE: Files = {
  'config.json': '{"architectures":["ToyForCausalLM"],"hidden_size":2}',
  'model.safetensors.index.json': index({ a: 'one.safetensors', b: 'two.safetensors', c: 'two.safetensors' }),
  'one.safetensors': shard('a'),
  'two.safetensors': shard('b', 'c'),
  'README.md': '# Toy',
}
const SPLIT: Files = { 'm-00001-of-00002.gguf': part(0, 2, 2), 'm-00002-of-00002.gguf': part(1, 2, 2) }

async function inspected(scope: Parameters<typeof scratch>[0], files: Files) {
  const folder = scratch(scope)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const { code, printed } = await command(['inspect', folder, '--json'])
  const { kind, content } = JSON.parse(printed)
  const codes = content.findings.map(({ finding }: { finding: string }) => finding).join()
  return { code, kind, content, codes }
}

t.test('a model in several files', async (t) => {
  const { code, kind, content, codes } = await inspected(t, WHOLE)
  t.match({ code, kind, codes }, { code: 0, kind: 'model-directory', codes: '' })
  t.match(content, {
    files: [
      { name: 'README.md' },
      { name: 'config.json' },
      { name: 'model.safetensors.index.json' },
      { kind: 'safetensors' },
      {},
    ],
    parameters: 3,
    types: [{ type: 'U8', tensors: 3 }],
    config: [{ key: 'architectures', value: ['ToyForCausalLM'] }],
  })
  t.match(await inspected(t, SPLIT), { code: 0, codes: '', content: { parameters: 8 } })
})

t.test('findings', async (t) => {
  const { 'two.safetensors': _, ...without } = WHOLE
  for (const [name, files, codes] of [
    ['nothing', {}, ''],
    ['a shard that is not there', without, 'SHARD_MISSING,SHARDS_DIFFER'],
    [
      'a tensor that is in another',
      { ...WHOLE, 'one.safetensors': shard('b'), 'two.safetensors': shard('a', 'c') },
      Array(4).fill('SHARDS_DIFFER').join(),
    ],
    ['a tensor that nobody names', { ...WHOLE, 'one.safetensors': shard('a', 'x') }, 'SHARDS_DIFFER,SHARDS_DIFFER'],
    [
      'another size',
      {
        ...WHOLE,
        'model.safetensors.index.json': index({ a: 'one.safetensors', b: 'two.safetensors', c: 'two.safetensors' }, 4),
      },
      'SHARDS_DIFFER',
    ],
    ['an index that leads out', { 'm.safetensors.index.json': index({ a: '../one.safetensors' }) }, 'FILE_MALFORMED'],
    [
      'an index that leads further in',
      { 'm.safetensors.index.json': index({ a: 'x/one.safetensors' }) },
      'FILE_MALFORMED',
    ],
    ['a name twice in the index', { 'm.safetensors.index.json': '{"weight_map":{"a":"b","a":"c"}}' }, 'FILE_MALFORMED'],
    ['no index at all', { 'm.safetensors.index.json': '[]' }, 'FILE_MALFORMED'],
    ['a config that is none', { 'config.json': '{' }, 'FILE_MALFORMED'],
    ['a model that ends', { 'm.gguf': part(0, 1, 1).subarray(0, 40) }, 'FILE_MALFORMED'],
    ['one of its own', { 'm.safetensors': new Uint8Array([...shard('a'), 0]) }, 'TRAILING_BYTES'],
    ['a program', { 'pytorch_model.bin': 'x' }, 'PICKLE'],
    ['none, by its content', { 'pytorch_model.bin': shard('a') }, ''],
    ['a part that is not there', { 'm-00001-of-00002.gguf': part(0, 2, 2) }, 'SHARD_MISSING'],
    ['another number', { ...SPLIT, 'm-00002-of-00002.gguf': part(0, 2, 2) }, 'SHARDS_DIFFER'],
    ['another count of tensors', { ...SPLIT, 'm-00001-of-00002.gguf': part(0, 2, 3) }, 'SHARDS_DIFFER'],
    [
      'index and shards further in',
      Object.fromEntries(Object.entries(WHOLE).map(([name, file]) => [`sub/${name}`, file])),
      '',
    ],
  ] as const satisfies readonly (readonly [string, Files, string])[])
    t.equal((await inspected(t, files)).codes, codes, name)
})

t.test('what no model holds', async (t) => {
  const folder = scratch(t)
  symlinkSync(folder, join(folder, 'loop'))
  t.match(await command(['inspect', folder]), { code: 3, warned: /MODEL_REFUSED/ })
})

t.test('for people', async (t) => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'pytorch_model.bin'), 'x')
  const { printed } = await command(['inspect', folder])
  t.match(printed, /^NOT VERIFIED.*\n\n.*: a directory, looked at as a model, recognised by being one\n/)
  t.match(printed, /finding {2}PICKLE/)
})

t.test('digests', async (t) => {
  const folder = scratch(t)
  const files = { ...WHOLE, '.gitignore': 'x', 'model.sig': '{}', 'sub/a': 'a' }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const { code, printed } = await command(['inspect', folder, '--json', '--digests'])
  t.equal(code, 0)
  const { content } = JSON.parse(printed)
  const signed = [...Object.keys(WHOLE), 'sub/a']
  const hashed = content.files.filter(({ sha256: digest }: { sha256?: string }) => digest !== undefined)
  t.same(
    hashed.map((one: { name: string; sha256: string }) => [one.name, one.sha256]),
    signed.sort().map((name) => [name, hex(sha256(bytesOf(files, name)))]),
  )
  const resources = signed.map((name) => ({ name, digest: sha256(bytesOf(files, name)) }))
  t.equal(content.digests.omsRoot, hex(omsRoot(resources)))
  const plain = await command(['inspect', folder, '--json'])
  t.equal(JSON.parse(plain.printed).content.digests, 'not computed')
  t.match(await command(['inspect', folder, '--log', 'http://127.0.0.1:1']), {
    code: 2,
    warned: /--log and --against are of a file/,
  })
})

function bytesOf(files: Files, name: string): Uint8Array {
  const content = files[name] ?? ''
  return typeof content === 'string' ? utf8(content) : content
}
