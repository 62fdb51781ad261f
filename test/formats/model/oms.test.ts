import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import {
  compareNames,
  filesOf,
  formatOmsStatement,
  omsRoot,
  parseOmsStatement,
  requireModelPath,
  type WholeFiles,
} from '../../../src/formats/model/oms.ts'
import { OMS_PREDICATE_TYPE, parseStatement } from '../../../src/formats/sigstore/statement.ts'
import { hex, utf8 } from '../../../src/kernel/bytes.ts'
import { bytesOf, decode, refusal, refused } from '../support.ts'
import { F32, safetensors } from './make.ts'

const VECTORS = new URL('../../vectors/oms/', import.meta.url).pathname

const payloadOf = (path: string): Uint8Array => {
  const { dsseEnvelope } = JSON.parse(readFileSync(join(VECTORS, path), 'utf8'))
  return new Uint8Array(Buffer.from(dsseEnvelope.payload, 'base64'))
}

const sha256 = (text: string | Uint8Array) => new Uint8Array(createHash('sha256').update(text).digest())

t.test('what the reference implementation signed', async (t) => {
  const models = readdirSync(VECTORS).filter((name) => name.startsWith('v'))
  t.equal(models.length, 12)
  for (const model of models) {
    const manifest = parseOmsStatement(payloadOf(`${model}/model.sig`))
    const root = parseStatement(payloadOf(`${model}/model.sig`)).subjects[0]?.digests.get('sha256')
    t.same(omsRoot(manifest.resources), root, `${model}: the root`)
    for (const { name, digest } of manifest.resources) {
      const file = readFileSync(join(VECTORS, model, name === '.' ? manifest.model : name), 'utf8')
      t.same(digest, sha256(file), `${model}: ${name}`)
    }
  }
  const { ignorePaths, allowSymlinks } = parseOmsStatement(payloadOf('v1.1.0-elliptic-key/model.sig'))
  t.same(ignorePaths.toSorted(), ['.git', '.gitattributes', '.github', '.gitignore', 'ignore-me', 'model.sig'])
  t.equal(allowSymlinks, false)
})

t.test("the specification's vectors", async (t) => {
  for (const name of readdirSync(join(VECTORS, 'spec/valid')))
    t.ok(parseOmsStatement(payloadOf(`spec/valid/${name}`)).resources.length > 0, name)
  refused(
    () => parseOmsStatement(payloadOf('spec/invalid-payload/wrong-predicate.bundle.json')),
    'FIELD_INVALID',
    'wrong-predicate',
  )
})

const resource = (name: string, content = name) => ({ name, digest: sha256(content) })
const MODEL: WholeFiles = {
  model: 'toy',
  resources: [resource('config.json'), resource('weights/a.bin')],
  ignorePaths: ['.git', 'model.sig'],
  allowSymlinks: false,
}

t.test('one text of one manifest', async (t) => {
  const expected =
    '{"_type":"https://in-toto.io/Statement/v1","predicate":{"resources":[' +
    `{"algorithm":"sha256","digest":"${hex(sha256('config.json'))}","name":"config.json"},` +
    `{"algorithm":"sha256","digest":"${hex(sha256('weights/a.bin'))}","name":"weights/a.bin"}],` +
    '"serialization":{"allow_symlinks":false,"hash_type":"sha256","ignore_paths":[".git","model.sig"],"method":"files"}},' +
    '"predicateType":"https://model_signing/signature/v1.0","subject":[{"digest":{"sha256":' +
    `"${hex(omsRoot(MODEL.resources))}"},"name":"toy"}]}`
  t.equal(decode(formatOmsStatement(MODEL)), expected)
  t.equal(
    decode(formatOmsStatement({ ...MODEL, resources: MODEL.resources.toReversed() })),
    expected,
    'whatever the order it comes in',
  )
})

t.test('what is written is read', async () => {
  const part = fc.stringMatching(/^[a-z.é😀-]{1,12}$/u).filter((text) => text !== '.' && text !== '..')
  const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(names, names, fc.boolean(), bytesOf(32, 32), (files, ignorePaths, allowSymlinks, digest) => {
      const manifest = {
        model: 'm',
        resources: files.map((file) => ({ name: file, digest })),
        ignorePaths,
        allowSymlinks,
      }
      const read = parseOmsStatement(formatOmsStatement(manifest))
      t.same(new Set(read.resources.map((one) => one.name)), new Set(files))
      t.same(new Set(read.ignorePaths), new Set(ignorePaths))
      t.equal(read.allowSymlinks, allowSymlinks)
    }),
    { numRuns: 100 },
  )
})

t.test('names go by code points, not by UTF-16 units', async (t) => {
  t.same(['\u{1f600}', '\uff5e', 'b', 'a/b', 'a-b', 'a'].sort(compareNames), [
    'a',
    'a-b',
    'a/b',
    'b',
    '\uff5e',
    '\u{1f600}',
  ])
  t.equal(compareNames('a', 'a'), 0)
})

t.test('paths have one spelling and stay inside', async (t) => {
  for (const good of ['a', '.hidden', 'a/b', '...', 'a b', 'ö', 'a:0:1']) t.equal(requireModelPath(good), good)
  const bad = ['', '.', '..', '/a', 'a/', 'a//b', './a', 'a/..', '../a', 'a/./b', 'a\\b', 'a\0', 'a\nb', '\ud800']
  for (const name of [...bad, 'x'.repeat(1025)])
    refused(() => requireModelPath(name), 'FIELD_INVALID', JSON.stringify(name))
})

/** What the cases change; `any` kind of value may be put in. */
interface Loose {
  _type: unknown
  subject: { digest: Record<string, unknown>; annotations?: unknown }[]
  predicateType: string
  predicate: {
    serialization: Record<string, unknown> & { ignore_paths: string[] }
    resources: (Record<string, unknown> | undefined)[]
  }
  extra?: unknown
}

const first = <T>(items: readonly T[]): NonNullable<T> => items[0] as NonNullable<T>

t.test('what a manifest may not be', async (t) => {
  const cases: readonly (readonly [string, (statement: Loose) => unknown, string])[] = [
    [
      'another root',
      (s) => (first(s.subject).digest.sha256 = '00'.repeat(32)),
      'ENVELOPE_MALFORMED the root in the statement',
    ],
    ['two subjects', (s) => s.subject.push(first(s.subject)), 'FIELD_INVALID subject: 1 to 1 items'],
    ['no subject', (s) => (s.subject = []), 'FIELD_INVALID subject: 1 to 1 items'],
    ['a second digest', (s) => (first(s.subject).digest.sha512 = 'aa'), 'FIELD_UNKNOWN subject\\[0\\].digest.sha512'],
    ['an old statement', (s) => (s._type = 'https://in-toto.io/Statement/v0.1'), 'FIELD_INVALID _type'],
    ['a field more', (s) => (s.extra = 1), 'FIELD_UNKNOWN extra'],
    ['another method', (s) => (s.predicate.serialization.method = 'tensors'), 'FIELD_INVALID .*serialization.method'],
    ['shards of no size', (s) => (s.predicate.serialization.method = 'shards'), 'FIELD_MISSING .*shard_size'],
    ['a hash of another kind', (s) => (s.predicate.serialization.hash_type = 'blake2b'), 'FIELD_INVALID .*algorithm'],
    ['no hash', (s) => (s.predicate.serialization.hash_type = 'md5'), 'FIELD_INVALID .*serialization.hash_type'],
    [
      'a shard size',
      (s) => (s.predicate.serialization.shard_size = 1),
      'FIELD_UNKNOWN predicate.serialization.shard_size',
    ],
    [
      'links unsaid',
      (s) => delete s.predicate.serialization.allow_symlinks,
      'FIELD_MISSING predicate.serialization.allow',
    ],
    [
      'links by word',
      (s) => (s.predicate.serialization.allow_symlinks = 'no'),
      'FIELD_INVALID predicate.serialization',
    ],
    ['all ignored', (s) => (s.predicate.serialization.ignore_paths = ['.']), 'FIELD_INVALID .*ignore_paths\\[0\\]'],
    ['ignored twice', (s) => s.predicate.serialization.ignore_paths.push('.git'), 'FIELD_INVALID .*".git" twice'],
    ['no resources', (s) => (s.predicate.resources = []), 'FIELD_INVALID predicate.resources: 1 to'],
    [
      'a name twice',
      (s) => s.predicate.resources.push(first(s.predicate.resources)),
      'FIELD_INVALID .*"config.json" twice',
    ],
    [
      'the model among files',
      (s) => (first(s.predicate.resources).name = '.'),
      'FIELD_INVALID .*not the only resource',
    ],
    ['a way out', (s) => (first(s.predicate.resources).name = '../x'), 'FIELD_INVALID predicate.resources\\[0\\].name'],
    ['another hash', (s) => (first(s.predicate.resources).algorithm = 'sha512'), 'FIELD_INVALID .*algorithm'],
    [
      'a short digest',
      (s) => (first(s.predicate.resources).digest = 'aa'),
      'FIELD_INVALID .*digest: a digest of 1 bytes',
    ],
  ]
  for (const [name, change, expected] of cases) {
    const statement: Loose = JSON.parse(decode(formatOmsStatement(MODEL)))
    change(statement)
    t.match(
      refusal(() => parseOmsStatement(utf8(JSON.stringify(statement)))),
      new RegExp(`^${expected}`),
      name,
    )
  }
  const described: Loose = JSON.parse(decode(formatOmsStatement(MODEL)))
  first(described.predicate.resources).mediaType = 'application/json'
  first(described.subject).annotations = {}
  t.equal(parseOmsStatement(utf8(JSON.stringify(described))).resources.length, 2, 'descriptors may say more')
  t.equal(OMS_PREDICATE_TYPE, described.predicateType)
})

t.test('a hundred thousand files fit', async (t) => {
  const digest = new Uint8Array(32)
  const resources = Array.from({ length: 100_000 }, (_, i) => ({ name: String(i), digest }))
  t.equal(parseOmsStatement(formatOmsStatement({ ...MODEL, resources })).resources.length, 100_000)
  refused(
    () => formatOmsStatement({ ...MODEL, resources: [...resources, { name: 'more', digest }] }),
    'FIELD_INVALID',
    'one more does not',
  )
})

t.test('the roots of the toy models, made of their parts', async (t) => {
  const config = utf8('{"architectures":["ToyForCausalLM"]}\n')
  const w = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }
  for (const [weights, root] of [
    [safetensors({ w }, F32(1, 2, 3, 4)), 'f3316d90f101140ebed4ab68d88374fb31656691f360dbb6d58fb469b209b195'],
    [
      safetensors({ __metadata__: { format: 'pt' }, w }, F32(1, 2, 3, 5)),
      '4146e09511efc6eddbb6c93458c61836bda7f89ad06c6200c3427318bcc2ac79',
    ],
  ] as const) {
    const resources = [config, weights].map((bytes, i) => ({ name: String(i), digest: sha256(bytes) }))
    t.equal(hex(omsRoot(resources)), root)
  }
})

/** A statement over shards, as the reference implementation prints it. */
function sharded(shards: readonly (readonly [name: string, length?: number])[], hash = 'sha256', size: unknown = 10) {
  const resources = shards.map(([name, length = hash === 'blake2b' ? 64 : 32]) => ({
    name,
    digest: 'ab'.repeat(length),
    algorithm: `${hash}-sharded-${size}`,
  }))
  const root = hex(sha256(Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, 'hex')))))
  const serialization = { method: 'shards', hash_type: hash, shard_size: size, allow_symlinks: false }
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'm', digest: { sha256: root } }],
    predicateType: OMS_PREDICATE_TYPE,
    predicate: { serialization, resources },
  }
}
const parsed = (statement: object, text = JSON.stringify(statement)) => parseOmsStatement(utf8(text))

t.test('shards follow one another, in steps of one size', async (t) => {
  for (const hash of ['sha256', 'blake2b', 'blake3']) {
    const manifest = parsed(sharded([['b:10:13'], ['a:b:0:4'], ['b:0:10']], hash))
    t.match(manifest, { hash, shardSize: 10 })
    t.same(
      [...filesOf(manifest)].map(([name, parts]) => [name, parts.map(({ shard }) => shard)]),
      [
        [
          'b',
          [
            { start: 0, end: 10 },
            { start: 10, end: 13 },
          ],
        ],
        ['a:b', [{ start: 0, end: 4 }]],
      ],
    )
  }
  const floating = JSON.stringify(sharded([['a:0:10']])).replace('"shard_size":10', '"shard_size":10.0')
  t.equal(parsed({}, floating).shardSize, 10, 'through protobuf')
  t.equal(parsed(sharded([['.:0:10'], ['.:10:20']])).resources.length, 2, 'a model that is one file')
  for (const [shards, why] of [
    [[['a:0:9'], ['a:9:12']], /do not follow one another in steps of 10/],
    [[['a:0:11']], /do not follow/],
    [[['a:10:20']], /do not follow/],
    [[['a:0:10'], ['a:20:30']], /do not follow/],
    [[['a:0:10'], ['a:0:10']], /do not follow/],
    [[['a:0:10'], ['a:10:20'], ['a:10:15']], /do not follow/],
    [[['.:0:5'], ['a:0:5']], /not the only resource/],
    [[['a:0:0']], /not the name of a shard/],
    [[['a:5:4']], /not the name of a shard/],
    [[['a:00:4']], /not the name of a shard/],
    [[['a:0:04']], /not the name of a shard/],
    [[['a:0:9007199254740993']], /not the name of a shard/],
    [[['a:-1:4']], /not the name of a shard/],
    [[['a']], /not the name of a shard/],
    [[[':0:4']], /not the name of a shard/],
    [[['../a:0:4']], /not a path inside a model/],
    [[['a:0:4', 31]], /a digest of 31 bytes, not 32/],
  ] as readonly (readonly [readonly (readonly [string, number?])[], RegExp])[])
    t.match(
      refusal(() => parsed(sharded(shards))),
      why,
      JSON.stringify(shards),
    )
  for (const size of [0, -1, 1.5, '10', 2 ** 53])
    t.match(
      refusal(() => parsed(sharded([['a:0:4']], 'sha256', size))),
      /shard_size/,
      String(size),
    )
})
