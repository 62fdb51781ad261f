import t from 'tap'
import { sourceOf } from '../../../src/formats/model/byte-source.ts'
import { readLlamafile } from '../../../src/formats/model/llamafile.ts'
import { END, writeRecord } from '../../../src/formats/model/zip-records.ts'
import { concat, hex, utf8 } from '../../../src/kernel/bytes.ts'
import { sha256 } from '../../../src/kernel/sha256.ts'
import { apesig } from './make-apesig.ts'
import { append, STUB, TOY_GGUF, toyLlamafile, toyRuntime } from './make-llamafile.ts'

const RUNTIME = await toyRuntime()
const TOY = await toyLlamafile()
const REPACKED = await append(TOY, { '.args': '-m\ntoy-F16.gguf\n--host\n0.0.0.0\n...\n' })
const DIGESTS = [
  '7c36e121fb7045cb0b22359642aa9d71ca940113c4284541f9ca9e1229f4e1d1',
  'f01ea3b55994fd4ef2da4448ddd9f0c8e09962441aa1f6d6a33be38520d3cef6',
  '345ad42e0dfb8e472a155711f107b8d3d039c58c942c4ba8f2380acb81781e0f',
]

const read = (bytes: Uint8Array) => readLlamafile(sourceOf(bytes))
const codes = async (bytes: Uint8Array) => (await read(bytes)).findings.list.map(({ code }) => code).join()

t.test('made of their parts, the toys have the bytes of the vectors', async (t) => {
  t.same(
    [RUNTIME, TOY, REPACKED].map((bytes) => hex(sha256(bytes))),
    DIGESTS,
  )
  t.same(
    [RUNTIME, TOY, REPACKED].map(({ length }) => length),
    [305, 131_459, 197_010],
  )
})

t.test('the runtime and every earlier llamafile is a beginning of it', async (t) => {
  const { layers } = await read(REPACKED)
  t.same(
    layers.map(({ end }) => hex(sha256(REPACKED.subarray(0, end)))),
    DIGESTS,
  )
})

t.test('every byte is told of once', async (t) => {
  for (const bytes of [RUNTIME, TOY, REPACKED]) {
    const { regions } = await read(bytes)
    let at = 0
    for (const { from, to } of regions) {
      t.equal(from, at)
      t.ok(to > from)
      at = to
    }
    t.equal(at, bytes.length)
  }
  const { regions, args, ape } = await read(REPACKED)
  t.same(
    regions.filter(({ kind }) => kind === 'content').map(({ name, isDead, from }) => [name, isDead, from]),
    [
      ['README', false, 91],
      ['toy-F16.gguf', false, 65_536],
      ['.args', true, 131_072],
      ['.args', false, 196_608],
    ],
  )
  t.same(args, ['-m', 'toy-F16.gguf', '--host', '0.0.0.0', '...'])
  t.match(ape, { magic: 'MZqFpD', machines: [] })
})

const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
const withComment = (bytes: Uint8Array, comment: Uint8Array, length = comment.length) =>
  concat(bytes.subarray(0, -2), Uint8Array.of(length & 255, length >> 8), comment)
const SHADOWED = 'WEIGHTS_SHADOWED'
const SAFE = '-m /zip/toy-F16.gguf'

t.test('what was done to it has a name', async (t) => {
  const clean = await toyLlamafile({ args: SAFE })
  const two = await append(clean, { 'toy-Q80.gguf': TOY_GGUF })
  const loader = utf8('MZqFpD=\'\n\'\ntype ape >/dev/null 2>&1 && exec ape "$o" "$@"\n')
  for (const [name, bytes, found] of [
    ['nothing', clean, ''],
    ['a bare name', TOY, SHADOWED],
    ['a host', REPACKED, `${SHADOWED},ARGS_OPENING`],
    ['a variable', await toyLlamafile({ args: `${SAFE} --prompt $HOME` }), 'ARGS_VARIABLE'],
    ['a quote without its end', await toyLlamafile({ args: "-m '" }), 'ARGS_MALFORMED'],
    ['second weights', two, 'WEIGHTS_SEVERAL'],
    ['those of another name', await append(clean, { 'w.bin': TOY_GGUF }), 'WEIGHTS_SEVERAL'],
    [
      'those that the arguments name',
      await append(await toyRuntime(), { 'w.bin': 'x', 'v.gguf': TOY_GGUF, '.args': '-m /zip/w.bin' }),
      'WEIGHTS_SEVERAL',
    ],
    ['a byte in the padding', flipped(clean, 1000), 'UNEXPLAINED_BYTES'],
    ['a byte behind the content', flipped(clean, 65_536 + TOY_GGUF.length), 'UNEXPLAINED_BYTES'],
    ['a byte of a name', flipped(clean, 65_536 - 32), 'HEADERS_DIFFER'],
    [
      'a name twice',
      await renamed(two, 'toy-Q80.gguf', 'toy-F16.gguf'),
      'MEMBER_REPEATED,HEADERS_DIFFER,WEIGHTS_SEVERAL',
    ],
    [
      'an end record in the comment',
      withComment(clean, await narrowEnd(clean)),
      'ARCHIVE_AMBIGUOUS,HIDDEN_BYTES,UNEXPLAINED_BYTES',
    ],
    ['a signature in the comment', withComment(clean, utf8('PK\x06\x07')), 'ARCHIVE_AMBIGUOUS,UNEXPLAINED_BYTES'],
    ['a long comment', withComment(clean, new Uint8Array(65_494)), 'UNEXPLAINED_BYTES'],
    ['a longer one', withComment(clean, new Uint8Array(65_495)), 'COMMENT_TOO_LONG,UNEXPLAINED_BYTES'],
    ['its header rewritten', concat(utf8('\x7fELF'), clean.subarray(4)), 'HEADER_REWRITTEN'],
    ['a loader from outside', await toyLlamafile({ stub: loader, args: SAFE }), 'LOADER_FROM_OUTSIDE'],
    ['a signature of its code', await append(clean, { '.apesig': apesig() }), 'APESIG_METADATA'],
    ['what is none', await append(clean, { '.apesig': 'x' }), 'APESIG_MALFORMED,APESIG_METADATA'],
  ] as const)
    t.equal(await codes(bytes), found, name)
})

/** In the directory alone, without a change of length. */
async function renamed(bytes: Uint8Array, from: string, to: string): Promise<Uint8Array> {
  const { layers } = await read(bytes)
  const zip = layers.at(-1)?.zip
  const directory = zip?.end.directory.from ?? 0
  const text = Buffer.from(bytes).toString('latin1')
  const at = text.indexOf(from, directory)
  return concat(bytes.subarray(0, at), utf8(to), bytes.subarray(at + from.length))
}

/** Leads to the same directory by the 32-bit record alone. */
async function narrowEnd(bytes: Uint8Array): Promise<Uint8Array> {
  const { layers } = await read(bytes)
  const { directory, count } = layers.at(-1)?.zip.end ?? { directory: { from: 0, to: 0 }, count: 0 }
  const [disk, startDisk, hereCount, commentLength] = [0, 0, count, 0]
  const size = directory.to - directory.from
  return writeRecord(END, { disk, startDisk, hereCount, count, size, at: directory.from, commentLength })
}

t.test('a comment is unexplained in any layer', async (t) => {
  const hidden = utf8('hidden')
  const above = await append(withComment(RUNTIME, hidden), { 'toy-F16.gguf': TOY_GGUF, '.args': SAFE })
  for (const bytes of [above, withComment(await toyLlamafile({ args: SAFE }), hidden)]) {
    const { regions, findings } = await read(bytes)
    t.same(
      findings.list.map(({ code }) => code),
      ['UNEXPLAINED_BYTES'],
    )
    const unexplained = regions.filter(({ kind }) => kind === 'unexplained')
    t.same(
      unexplained.map(({ from, to }) => bytes.subarray(from, to)),
      [hidden],
    )
  }
})

t.test('a dead layer that was changed is another runtime', async (t) => {
  const { layers } = await read(flipped(TOY, 10))
  t.not(hex(sha256(flipped(TOY, 10).subarray(0, layers[0]?.end))), DIGESTS[0])
})

t.test('what cannot be read', async (t) => {
  for (const [name, bytes, why] of [
    ['nothing', new Uint8Array(), /byte 0: no end record/],
    ['a program without an archive', STUB, /byte 35: no end record/],
    [
      'an end record in the comment that leads nowhere',
      withComment(TOY, TOY.slice(-22)),
      /a directory of .* at 4294967295/,
    ],
    ['a comment that is one too short', withComment(TOY, utf8('ab'), 1), /comment of this end record/],
    ['a comment that is one too long', withComment(TOY, utf8('ab'), 3), /comment of this end record/],
    ['its end cut off', TOY.subarray(0, -1), /comment of this end record|no end record/],
    ['its beginning cut off', TOY.subarray(1), /byte \d+:/],
  ] as const)
    await t.rejects(read(bytes), { code: 'MODEL_MALFORMED', message: why }, name)
})

t.test('packed otherwise, layers are not told apart', async (t) => {
  t.equal((await read(RUNTIME)).layers.length, 1)
  t.same(
    (await read(RUNTIME)).regions.map(({ kind }) => kind),
    ['program', 'header', 'content', 'padding', 'directory', 'end'],
  )
})
