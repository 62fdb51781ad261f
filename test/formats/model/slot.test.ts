import fc from 'fast-check'
import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readGguf } from '../../../src/formats/model/gguf.ts'
import { readLlamafile } from '../../../src/formats/model/llamafile.ts'
import { pieced } from '../../../src/formats/model/pieces.ts'
import { readSafetensors } from '../../../src/formats/model/safetensors.ts'
import { addSlot, findSlot } from '../../../src/formats/model/slot.ts'
import { concat, equal, hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { F32, gguf, safetensors, W } from './make.ts'
import { append, bytesOf, STUB, TOY_GGUF, toyLlamafile } from './make-llamafile.ts'

const PAYLOAD = utf8('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","example":true}\n')
const TENSOR = { w: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } }
const BASE = safetensors(TENSOR, F32(1, 2, 3, 4))
const TUNED = safetensors({ __metadata__: { format: 'pt' }, ...TENSOR }, F32(1, 2, 3, 5))
const TOY = await toyLlamafile()

async function added(file: Uint8Array, payload = PAYLOAD): Promise<Uint8Array> {
  return await bytesOf(pieced(sourceOf(file), (await addSlot(sourceOf(file), payload)).pieces))
}

async function stripped(file: Uint8Array): Promise<Uint8Array | null> {
  const slot = await findSlot(sourceOf(file))
  return slot === null ? null : await bytesOf(pieced(sourceOf(file), slot.stripped))
}

const CARRIERS = [
  ['gguf', TOY_GGUF, 'd8ce7eeecd6bfb1bdf41980d3d438538c5dfb170207a8a6356c0ecdffa444be8'],
  ['zip', TOY, 'ea21bc008c0328a32ba061ccd9995ec7ed68755d45110e7d8a0a0d66d981725b'],
  ['safetensors', BASE, '4a0845bc6e60559f3038270d3f59434ccbd5353f9c3b043a61d36d19e918e695'],
  ['safetensors', TUNED, '4b80b0c220d6cc2a413714edcf0f2f496a884170288517f082b7f3dd4a8745ef'],
] as const

t.test('the toys with a slot, as the vectors have them, and back', async (t) => {
  for (const [carrier, file, digest] of CARRIERS) {
    const signed = await added(file)
    t.equal(hex(sha256(signed)), digest)
    t.match(await findSlot(sourceOf(signed)), { carrier, payload: PAYLOAD })
    t.same(await stripped(signed), file)
    t.equal(await findSlot(sourceOf(file)), null)
    await t.rejects(addSlot(sourceOf(signed), PAYLOAD), { code: 'SLOT_REFUSED', message: /strip it first/ })
  }
})

t.test('what is in the file stays readable', async (t) => {
  t.match((await readGguf(sourceOf(await added(TOY_GGUF)))).tensors, [{ name: 'w' }])
  t.match((await readLlamafile(sourceOf(await added(TOY)))).args, ['-m', 'toy-F16.gguf', '...'])
  const { metadata, findings } = await readSafetensors(sourceOf(await added(TUNED)))
  t.same([...metadata.keys()], ['tlslot', 'format'])
  t.equal(findings.count, 0)
})

t.test('any payload, any file: taken out, it is as it was', async () => {
  const letter = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  const payload = fc.string({ unit: letter, minLength: 1, maxLength: 200 }).map((text) => utf8(`${text}\n`))
  await fc.assert(
    fc.asyncProperty(payload, fc.constantFrom(TOY_GGUF, BASE, TUNED, TOY), async (payload, file) => {
      const back = await stripped(await added(file, payload))
      return back !== null && equal(back, file)
    }),
    { numRuns: 200 },
  )
})

t.test('one bit changed: another payload, or none at all', async (t) => {
  for (const [carrier, file] of CARRIERS) {
    if (carrier === 'zip') continue // 130,000 bytes, and the same trailer
    const signed = await added(file)
    for (let at = 0; at < signed.length * 8; at++) {
      const flipped = signed.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte))
      const slot = await findSlot(sourceOf(flipped))
      if (slot === null || !equal(slot.payload, PAYLOAD)) continue
      const back = await bytesOf(pieced(sourceOf(flipped), slot.stripped))
      if (equal(back, file)) t.fail(`${carrier}: bit ${at} has no effect`)
    }
    t.pass(carrier)
  }
})

t.test('no place for it', async (t) => {
  for (const [name, file, why] of [
    ['nothing', new Uint8Array(), /neither GGUF nor/],
    ['a script', STUB, /neither GGUF nor/],
    ['a GGUF of which a part is missing', TOY_GGUF.subarray(0, -30), /not whole/],
    ['without its last padding', TOY_GGUF.subarray(0, -1), /not whole/],
    ['of an unknown type', gguf({ tensors: [{ ...W, type: 99 }] }), /nobody knows/],
    ['empty metadata', safetensors({ __metadata__: {}, ...TENSOR }, F32(1, 2, 3, 4)), /there, and empty/],
    ['no tensor', safetensors({}, new Uint8Array()), /header is empty/],
    ['a key of that name', safetensors({ __metadata__: { tlslot: '' }, ...TENSOR }, F32(1, 2, 3, 4)), /of that name/],
    [
      'a hole',
      safetensors({ w: { dtype: 'F32', shape: [2], data_offsets: [8, 16] } }, F32(1, 2, 3, 4)),
      /as others read it/,
    ],
    ['a script in front of an archive', concat(utf8('#!/bin/sh\nexit\n'), TOY), /neither GGUF nor/],
    ['an archive with a comment', concat(TOY.subarray(0, -2), Uint8Array.of(1, 0), utf8('x')), /has a comment/],
  ] as const)
    await t.rejects(added(file), { code: 'SLOT_REFUSED', message: why }, name)
})

t.test('what is no payload', async (t) => {
  for (const text of ['', '\n', 'x', 'é\n', '\x00\n', 'a\r\n', `${'x'.repeat(65_470)}\n`])
    await t.rejects(added(TOY_GGUF, utf8(text)), { code: 'SLOT_MALFORMED' }, text.slice(0, 8))
  const longest = await added(TOY, utf8(`${'x'.repeat(65_469)}\n`))
  t.equal(
    (await readLlamafile(sourceOf(longest))).findings.list.find(({ code }) => code === 'COMMENT_TOO_LONG'),
    undefined,
  )
})

t.test('a trailer that lies in the weights is weights', async (t) => {
  const trailer = (await added(TOY_GGUF)).subarray(TOY_GGUF.length)
  const data = concat(new Uint8Array(-trailer.length & 31), trailer)
  t.equal(await findSlot(sourceOf(gguf({ tensors: [{ dims: [data.length], type: 24, data }] }))), null)
})

t.test("more is appended: the slot was the lower layer's", async (t) => {
  const repacked = await append(await added(TOY), { '.args': '-m /zip/toy-F16.gguf' })
  t.equal(await findSlot(sourceOf(repacked)), null)
  const { layers } = await readLlamafile(sourceOf(repacked))
  t.same(await stripped(repacked.subarray(0, layers.at(-2)?.end)), TOY)
})
