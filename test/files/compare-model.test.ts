/** A model against its manifest: shards and hashes, what is left out, and a model that is one file. */

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blake3 } from '@noble/hashes/blake3.js'
import t from 'tap'
import { compareModel, compareModelFile } from '../../src/files/compare-model.ts'
import type { OmsHash, OmsManifest, OmsResource } from '../../src/formats/model/oms.ts'
import { scratch } from '../cli/support.ts'

const HASHES = {
  sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(),
  blake2b: (bytes: Uint8Array) => createHash('blake2b512').update(bytes).digest(),
  blake3: (bytes: Uint8Array) => blake3(bytes),
}

/** More than one piece of a read, so that shards end within and at its borders. */
const BIG = Uint8Array.from({ length: 2 ** 20 + 300_001 }, (_, i) => (i * 7 + (i >> 13)) % 251)
const FILES: Readonly<Record<string, Uint8Array>> = {
  big: BIG,
  'sub/small': Uint8Array.of(1, 2, 3),
  one: Uint8Array.of(9),
  empty: new Uint8Array(),
}

function manifest(hash: OmsHash, shardSize: number | null, files = FILES): OmsManifest {
  const resources = Object.entries(files).flatMap(([name, bytes]): OmsResource[] => {
    if (shardSize === null) return [{ name, digest: HASHES[hash](bytes), shard: null }]
    const count = Math.ceil(bytes.length / shardSize)
    return Array.from({ length: count }, (_, i) => {
      const [start, end] = [i * shardSize, Math.min((i + 1) * shardSize, bytes.length)]
      return { name, digest: HASHES[hash](bytes.subarray(start, end)), shard: { start, end } }
    })
  })
  return { model: 'm', hash, shardSize, resources, ignorePaths: [], allowSymlinks: false }
}

function model(files = FILES): string {
  const folder = scratch(t)
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}

const NOTHING = { ignored: [], ignoredBySigner: [], excluded: [], unsigned: [], missing: [], mismatched: [] }

for (const hash of ['sha256', 'blake2b', 'blake3'] as const)
  for (const size of [null, 2 ** 19, 2 ** 20 + 1, 300_001, 4 * 2 ** 20])
    t.test(`${hash}, ${size === null ? 'files' : `shards of ${size}`}`, async (t) => {
      const signed = manifest(hash, size)
      const covered = size === null ? ['big', 'empty', 'one', 'sub/small'] : ['big', 'one', 'sub/small']
      const ignored = size === null ? [] : ['empty']
      const folder = model()
      const heard: number[] = []
      t.same(await compareModel(folder, signed, null, (done) => heard.push(done)), { ...NOTHING, covered, ignored })
      t.equal(heard.at(-1), BIG.length + 4, 'progress to the end')
      for (const changed of [BIG.with(0, 1), BIG.with(-1, 1), BIG.with(2 ** 20, 252), BIG.subarray(1), longer(BIG)]) {
        const found = await compareModel(model({ ...FILES, big: changed }), signed, null)
        t.same(found.mismatched, ['big'])
      }
    })

function longer(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes, 0])
}

t.test('shards in any order of the document', async (t) => {
  const signed = manifest('sha256', 700_001)
  const turned = { ...signed, resources: signed.resources.toReversed() }
  t.same((await compareModel(model(), turned, null)).mismatched, [])
})

t.test('what is left out by default, unless it was signed', async (t) => {
  const one = Uint8Array.of(1)
  const files = { a: one, '.gitattributes': one, '.github/workflow': one, '.github/more': one, '.git/HEAD': one }
  const signed = manifest('sha256', null, { a: one, '.gitattributes': one, '.github/workflow': one })
  const found = await compareModel(model(files), { ...signed, ignorePaths: ['absent'] }, null)
  t.same(found, {
    ...NOTHING,
    covered: ['.gitattributes', '.github/workflow', 'a'],
    ignored: ['.git'],
    unsigned: ['.github/more'],
    excluded: ['absent'],
  })
})

t.test('a model that is one file', async (t) => {
  const path = join(model(), 'big')
  for (const size of [null, 1000]) {
    const whole = manifest('sha256', size, { '.': BIG })
    t.same(
      await compareModelFile(path, whole),
      { ...NOTHING, covered: ['.'] },
      'as the reference implementation has it',
    )
    const named = manifest('sha256', size, { big: BIG })
    t.same(await compareModelFile(path, named), { ...NOTHING, covered: ['big'] }, 'and the specification')
    const other = manifest('sha256', size, { other: BIG })
    t.same(await compareModelFile(path, other), { ...NOTHING, covered: [], unsigned: ['big'], missing: ['other'] })
    const changed = manifest('sha256', size, { '.': BIG.with(5, 0) })
    t.same((await compareModelFile(path, changed)).mismatched, ['.'])
  }
})
