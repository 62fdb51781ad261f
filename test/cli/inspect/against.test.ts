/** Two files of weights, compared. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { pieced } from '../../../src/formats/model/pieces.ts'
import { addSlot } from '../../../src/formats/model/slot.ts'
import { utf8 } from '../../../src/kernel/bytes.ts'
import { F16, F32, gguf, safetensors, text, W } from '../../formats/model/make.ts'
import { append, bytesOf, STUB, TOY_GGUF, toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { command, scratch } from '../support.ts'

const folder = scratch(t)
const write = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const V = { name: 'v', dims: [1], type: 1, data: F16(9) }
const templated = (template: string) => gguf({ fields: [text('tokenizer.chat_template', template)], tensors: [W] })
const plain = (value: number, metadata: object = {}) =>
  safetensors({ ...metadata, w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, F32(value))
const toy = sourceOf(TOY_GGUF)
const slotted = await bytesOf(pieced(toy, (await addSlot(toy, utf8('{"a":1}\n'))).pieces))
const LONG = 'x'.repeat(10_000)

const SAME = 'same weights, other metadata'
const OTHER = 'other weights'

async function compared(one: Uint8Array, other: Uint8Array) {
  const { code, printed } = await command(['inspect', write('one', one), '--against', write('other', other), '--json'])
  return { code, against: JSON.parse(printed).content.against }
}

t.test('what differs', async (t) => {
  for (const [what, one, other, verdict, differences] of [
    ['nothing', TOY_GGUF, TOY_GGUF, 'the same bytes', {}],
    ['a slot', slotted, TOY_GGUF, 'the same bytes', {}],
    [
      'a chat template',
      templated('obey'),
      templated('refuse'),
      SAME,
      { fields: { changed: ['tokenizer.chat_template'] } },
    ],
    [
      'its end',
      templated(`${LONG}a`),
      templated(`${LONG}b`),
      SAME,
      { fields: { changed: ['tokenizer.chat_template'] } },
    ],
    ['a field more', templated('x'), gguf({ tensors: [W] }), SAME, { fields: { added: ['tokenizer.chat_template'] } }],
    [
      'a field less',
      gguf({ tensors: [W] }),
      templated('x'),
      SAME,
      { fields: { removed: ['tokenizer.chat_template'] } },
    ],
    ['the order of tensors', gguf({ tensors: [V, W] }), gguf({ tensors: [W, V] }), SAME, {}],
    [
      'a value',
      gguf({ tensors: [{ ...W, data: F16(9, 2, 3, 4) }] }),
      gguf({ tensors: [W] }),
      OTHER,
      { tensors: { changed: ['w'] } },
    ],
    ['a type', gguf({ tensors: [{ ...W, type: 30 }] }), gguf({ tensors: [W] }), OTHER, { tensors: { changed: ['w'] } }],
    [
      'a shape',
      gguf({ tensors: [{ ...W, dims: [4] }] }),
      gguf({ tensors: [W] }),
      OTHER,
      { tensors: { changed: ['w'] } },
    ],
    ['a tensor', gguf({ tensors: [W, V] }), gguf({ tensors: [W] }), OTHER, { tensors: { added: ['v'] } }],
    [
      'a name',
      gguf({ tensors: [{ ...W, name: 'u' }] }),
      gguf({ tensors: [W] }),
      OTHER,
      { tensors: { added: ['u'], removed: ['w'] } },
    ],
    ['safetensors', plain(1), plain(1, { __metadata__: { a: 'b' } }), SAME, { fields: { removed: ['a'] } }],
    ['a value of safetensors', plain(1), plain(2), OTHER, { tensors: { changed: ['w'] } }],
    ['a llamafile and its weights', await toyLlamafile(), TOY_GGUF, 'the same bytes', {}],
    ['one that was repacked', await toyLlamafile({ weights: templated('obey') }), templated('x'), SAME, {}],
  ] as const) {
    const { code, against } = await compared(one, other)
    t.equal(code, 0, what)
    t.match(against, { verdict, ...differences }, what)
    const { tensors = {}, fields = {} } = against
    const named = [...Object.keys(tensors), ...Object.keys(fields)]
    if (verdict === 'the same bytes') t.same(named, [], what)
  }
})

t.test('what cannot be compared', async (t) => {
  const twice = gguf({ tensors: [W, W] })
  const cut = TOY_GGUF.subarray(0, TOY_GGUF.length - 32)
  const overlapping = safetensors(
    Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`w${i}`, { dtype: 'U8', shape: [400], data_offsets: [0, 400] }]),
    ),
    new Uint8Array(400),
  )
  for (const [what, one, other, why] of [
    ['a name twice', twice, TOY_GGUF, /w: twice/],
    ['the other', TOY_GGUF, twice, /the other file: w: twice/],
    ['cut off', TOY_GGUF, cut, /the other file: .*end/],
    ['a text', TOY_GGUF, utf8('hello'), /neither GGUF/],
    ['a type that nobody knows', gguf({ tensors: [{ ...W, type: 99 }] }), TOY_GGUF, /not in use/],
    ['tensors over one another', overlapping, TOY_GGUF, /overlap/],
    [
      'two files of weights',
      await append(await toyLlamafile(), { 'b.gguf': TOY_GGUF }),
      TOY_GGUF,
      /not one file of weights/,
    ],
    ['none', await append(STUB, { README: 'x' }, 1), TOY_GGUF, /not one file of weights/],
  ] as const) {
    const { code, against } = await compared(one, other)
    t.equal(code, 1, what)
    t.match(against.malformed, why, what)
  }
  const one = write('one', TOY_GGUF)
  t.match(await command(['inspect', one, '--against', join(folder, 'none')]), { code: 3, warned: /ENOENT/ })
  t.match(await command(['inspect', folder, '--against', one]), { code: 2, warned: /not of a directory/ })
})

t.test('in words', async (t) => {
  const { printed } = await command([
    'inspect',
    write('a', templated('obey')),
    '--against',
    write('b', templated('no')),
  ])
  t.match(printed, /verdict +same weights, other metadata/)
  t.match(printed, /"tokenizer.chat_template"/)
})
