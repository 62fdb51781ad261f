/** Proofs of the API agree with the reference, and what the store has wrong is never sent. */

import fc from 'fast-check'
import t from 'tap'
import { parseCheckpoint } from '../../../src/formats/c2sp/checkpoint.ts'
import { parseTlogProof } from '../../../src/formats/c2sp/tlog-proof.ts'
import { type Hash, hash, leafIndex, treeSize } from '../../../src/kernel/brand.ts'
import { base64, hex, parseHex, utf8 } from '../../../src/kernel/bytes.ts'
import { TlogError } from '../../../src/kernel/error.ts'
import { verifyConsistency, verifyInclusion } from '../../../src/kernel/proof.ts'
import type { NodeId } from '../../../src/kernel/range.ts'
import { leaf as referenceLeaf, treeOf } from '../../reference/rfc6962.ts'
import { altered, askApi, filledLog, type Json, outcomeOf } from './support.ts'

const SIZE = 700
const { log, leaves, world } = await filledLog(SIZE)
const ask = askApi(log)
const tree = treeOf(leaves)
const rootOf = (size: number) => hex(tree.mth(0n, BigInt(size)))
const hashOf = (index: number) => hex(referenceLeaf(leaves[index] as Uint8Array))
const bytes = (hexes: string[]) => hexes.map((text) => hash(parseHex(text)))

const inside = fc
  .integer({ min: 1, max: SIZE })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }))

t.test('inclusion, by index and by leaf, in a tree of any size', async (t) => {
  const check = async ({ size, index }: { size: number; index: number }) => {
    const { status, headers, json } = await ask(`/logs/v2/proof/inclusion?index=${index}&size=${size}`)
    const expected = { index, leafHash: hashOf(index), size, root: rootOf(size) }
    t.equal(status, 200)
    t.strictSame(json, { ...expected, path: tree.path(BigInt(index), 0n, BigInt(size)).map(hex) })
    t.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
    const head = { size: treeSize(size), root: hash(parseHex(json.root)) }
    verifyInclusion(hash(parseHex(json.leafHash)), leafIndex(index), head, bytes(json.path))
    t.strictSame((await ask(`/logs/v2/proof/inclusion?size=${size}&leaf=${hashOf(index)}`)).json, json, 'by its leaf')
  }
  await fc.assert(fc.asyncProperty(inside, check), { numRuns: 60 })
  for (const size of [1, 2, 255, 256, 257, 512, 513, SIZE]) await check({ size, index: size - 1 })
})

t.test('consistency between any two sizes', async (t) => {
  const pairs = fc.tuple(fc.integer({ min: 0, max: SIZE }), fc.integer({ min: 0, max: SIZE }))
  const check = async (first: number, last: number) => {
    const { json, headers } = await ask(`/logs/v2/proof/consistency?first=${first}&last=${last}`)
    const path = first === 0 ? [] : tree.proof(BigInt(first), BigInt(last)).map(hex)
    const heads = { first: { size: first, root: rootOf(first) }, last: { size: last, root: rootOf(last) } }
    t.strictSame(json, { ...heads, path })
    t.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
    const parse = ({ size, root }: Json) => ({ size: treeSize(size), root: hash(parseHex(root)) })
    verifyConsistency(parse(json.first), parse(json.last), bytes(json.path))
  }
  await fc.assert(
    fc.asyncProperty(pairs, ([a, b]) => check(Math.min(a, b), Math.max(a, b))),
    { numRuns: 60 },
  )
  for (const [first, last] of [
    [0, 0],
    [0, 1],
    [1, 1],
    [256, 512],
    [SIZE, SIZE],
  ] as const)
    await check(first, last)
})

t.test('without a size it is about the newest checkpoint, which comes with it', async (t) => {
  const note = new TextDecoder().decode(log.published()?.note)
  const { root } = parseCheckpoint(await world.signer.open(utf8(note)))
  for (const [path, newest] of [
    ['inclusion?index=5', (json: Json) => json],
    [`inclusion?leaf=${hashOf(5)}`, (json: Json) => json],
    ['consistency?first=5', (json: Json) => json.last],
  ] as const) {
    const { json, headers } = await ask(`/logs/v2/proof/${path}`)
    t.equal(json.checkpoint, note, path)
    t.match(newest(json), { size: SIZE, root: hex(root) }, path)
    t.equal(headers['cache-control'], 'no-cache', path)
  }
})

t.test('an entry, and its proof file', async (t) => {
  for (const index of [0, 255, 256, SIZE - 1]) {
    const { json, headers } = await ask(`/logs/v2/entries/${index}`)
    const { proof, ...entry } = json
    t.strictSame(entry, {
      index,
      leafHash: hashOf(index),
      leaf: base64(leaves[index] as Uint8Array),
      body: null,
      time: entry.time,
      attachments: [],
      promise: null,
    })
    t.match(entry.time, /^2023-11-14T22:13:20\.\d{3}Z$/)
    t.equal(proof.root, rootOf(SIZE))
    t.strictSame(proof.path, tree.path(BigInt(index), 0n, BigInt(SIZE)).map(hex))
    t.equal(headers['cache-control'], 'no-cache')
    const file = await ask(`/logs/v2/entries/${index}/tlog-proof`)
    t.equal(file.headers['content-type'], 'text/plain; charset=utf-8')
    const parsed = parseTlogProof(utf8(file.json))
    t.equal(parsed.index, index)
    t.strictSame(parsed.path.map(hex), proof.path)
    t.equal(new TextDecoder().decode(parsed.note), proof.checkpoint)
  }
})

const NOWHERE = 'ab'.repeat(32)

const REFUSED: readonly [path: string, outcome: string][] = [
  ['entries/700', '404 NOT_FOUND'],
  ['entries/700/tlog-proof', '404 NOT_FOUND'],
  ['entries/9007199254740990', '404 NOT_FOUND'],
  ['entries/9007199254740991', '400 INDEX_OUT_OF_RANGE'],
  ['entries/9007199254740992', '400 SIZE_OUT_OF_RANGE'],
  ['entries/07', '400 DECIMAL_MALFORMED'],
  ['entries/-1', '400 DECIMAL_MALFORMED'],
  ['entries/1e2', '400 DECIMAL_MALFORMED'],
  ['entries/x', '400 DECIMAL_MALFORMED'],
  ['entries/0?size=1', '400 FIELD_UNKNOWN'],
  ['proof/inclusion', '400 FIELD_MISSING'],
  ['proof/inclusion?size=7', '400 FIELD_MISSING'],
  ['proof/inclusion?index', '400 DECIMAL_MALFORMED'],
  ['proof/inclusion?index=', '400 DECIMAL_MALFORMED'],
  ['proof/inclusion?index=%30', '400 DECIMAL_MALFORMED'],
  ['proof/inclusion?index=0=', '400 DECIMAL_MALFORMED'],
  ['proof/inclusion?index=0&', '400 FIELD_UNKNOWN'],
  ['proof/inclusion?index=0&index=0', '400 FIELD_INVALID'],
  ['proof/inclusion?Index=0', '400 FIELD_UNKNOWN'],
  ['proof/inclusion?%69ndex=0', '400 FIELD_UNKNOWN'],
  ['proof/inclusion?__proto__=0', '400 FIELD_UNKNOWN'],
  ['proof/inclusion?constructor=0', '400 FIELD_UNKNOWN'],
  [`proof/inclusion?index=0&leaf=${NOWHERE}`, '400 FIELD_INVALID'],
  [`proof/inclusion?leaf=${NOWHERE}`, '404 NOT_FOUND'],
  [`proof/inclusion?leaf=${NOWHERE.toUpperCase()}`, '400 HEX_MALFORMED'],
  [`proof/inclusion?leaf=${NOWHERE.slice(2)}`, '400 HASH_MALFORMED'],
  [`proof/inclusion?leaf=${NOWHERE}00`, '400 HASH_MALFORMED'],
  [`proof/inclusion?leaf=${hashOf(7)}&size=7`, '404 NOT_FOUND'],
  [`proof/inclusion?leaf=${hashOf(7)}&size=0`, '404 NOT_FOUND'],
  ['proof/inclusion?index=7&size=7', '400 RANGE_INVALID'],
  ['proof/inclusion?index=0&size=0', '400 RANGE_INVALID'],
  ['proof/inclusion?index=900&size=800', '400 RANGE_INVALID'],
  ['proof/inclusion?index=0&size=701', '404 NOT_FOUND'],
  ['proof/inclusion?index=700', '404 NOT_FOUND'],
  ['proof/consistency', '400 FIELD_MISSING'],
  ['proof/consistency?last=7', '400 FIELD_MISSING'],
  ['proof/consistency?first=8&last=7', '400 RANGE_INVALID'],
  ['proof/consistency?first=701', '404 NOT_FOUND'],
  ['proof/consistency?first=0&last=701', '404 NOT_FOUND'],
  ['proof/consistency?first=1&last=2&size=3', '400 FIELD_UNKNOWN'],
  ['checkpoints?limit=0', '400 FIELD_INVALID'],
  ['checkpoints?limit=101', '400 FIELD_INVALID'],
  ['checkpoints?after=-1', '400 DECIMAL_MALFORMED'],
  ['checkpoints?before=1', '400 FIELD_UNKNOWN'],
]

t.test('refusals', async (t) => {
  for (const [path, outcome] of REFUSED) {
    const said = await ask(`/logs/v2/${path}`)
    t.equal(outcomeOf(said), outcome, path)
    t.equal(said.headers['cache-control'], 'no-store', path)
    t.equal(said.headers['access-control-allow-origin'], '*', path)
  }
  for (const path of ['', '/checkpoints', '/entries/0', '/entries/0/tlog-proof', '/proof/inclusion?index=0'])
    t.equal(outcomeOf(await ask(`/logs/v1${path}`)), '404 LOG_UNKNOWN', path)
})

function flipped(node: Hash, bit: number): Hash {
  return hash(node.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte)))
}

const PATHS = [
  'entries/300',
  'entries/300/tlog-proof',
  'proof/inclusion?index=300',
  'proof/inclusion?index=300&size=400',
  `proof/inclusion?leaf=${hashOf(300)}&size=${SIZE}`,
  'proof/consistency?first=300',
  'proof/consistency?first=300&last=400',
]

t.test('what does not lead to the published root is not sent', async (t) => {
  const missing = () => Promise.reject(new TlogError('TILE_MALFORMED', 'missing'))
  const broken = {
    'nodes are missing': altered(log, { nodes: missing }),
    'a node is missing': altered(log, { nodes: async (ids) => (await log.nodes(ids)).slice(1) }),
    'a read throws': altered(log, { nodes: () => Promise.reject(new Error('disk')) }),
    'a bit of every node is flipped': altered(log, {
      nodes: async (ids) => (await log.nodes(ids)).map((node) => flipped(node, 0)),
    }),
  }
  for (const [name, bad] of Object.entries(broken))
    for (const path of PATHS) {
      const said = await askApi(bad)(`/logs/v2/${path}`)
      t.equal(said.status, 500, `${name}: ${path}`)
      t.same(said.json, { code: 13, message: 'internal error', details: [] }, `${name}: ${path}: no text`)
    }
  const entry = {
    'the entry is missing': altered(log, { entry: async () => null }),
    'the entry is cut': altered(log, { entry: async (index) => (await log.entry(index))?.subarray(1) ?? null }),
    'another leaf': altered(log, { entry: (index) => log.entry(leafIndex(index - 1)) }),
    'the leaf is not found by its hash': altered(log, { find: async () => null }),
    'the leaf is found elsewhere': altered(log, { find: async () => log.find(hash(parseHex(hashOf(1))) as never) }),
  }
  for (const [name, bad] of Object.entries(entry))
    t.equal((await askApi(bad)('/logs/v2/entries/300')).status, 500, name)
  t.equal((await askApi(entry['another leaf'])('/logs/v2/entries/300/tlog-proof')).status, 500)
  const misplaced = altered(log, { find: async () => log.find(hash(parseHex(hashOf(1))) as never) })
  t.equal((await askApi(misplaced)(`/logs/v2/proof/inclusion?leaf=${hashOf(300)}`)).status, 500, 'the index of another')
})

t.test('every bit of every hash that a proof is made of counts', async (t) => {
  const small = await filledLog(5)
  const accepted: string[] = []
  const asked = new Set<string>()
  let [damaged, bit] = ['', 0]
  const nodes = async (ids: readonly NodeId[]) => {
    const names = ids.map(({ level, index }) => `${level}/${index}`)
    for (const name of names) asked.add(name)
    return (await small.log.nodes(ids)).map((node, i) => (names[i] === damaged ? flipped(node, bit) : node))
  }
  const askBroken = askApi(altered(small.log, { nodes }))
  t.equal((await askBroken('/logs/v2/proof/consistency?first=3&last=4')).status, 200)
  t.ok(asked.size >= 4, [...asked].join())
  for (damaged of [...asked])
    for (bit = 0; bit < 256; bit++)
      if ((await askBroken('/logs/v2/proof/consistency?first=3&last=4')).status !== 500)
        accepted.push(`${damaged} ${bit}`)
  t.same(accepted, [], 'the tree of 4 and the leaf behind it lead to the newest root, or nothing is said')
})
