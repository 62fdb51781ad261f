/** Other people's vectors: transparency-dev/merkle, the MTC draft, and the worked examples. */

import { createHash } from 'node:crypto'
import t from 'tap'
import { leafIndex, treeSize } from '../../src/kernel/brand.ts'
import { base64, hex, parseHex, utf8 } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { proveConsistency, proveInclusion, proveSubtree, type ReadNodes, rootAt } from '../../src/kernel/proof.ts'
import { validSubtree } from '../../src/kernel/range.ts'
import { checks, counts, fromBase64, type MerkleVector, readerOf, refusedHere } from './merkle.ts'
import { jsonBelow, readJson } from './support.ts'

for (const [kind, check] of Object.entries(checks))
  t.test(`transparency-dev/merkle: ${kind}`, async (t) => {
    let seen = 0
    for (const [file, json] of jsonBelow(`merkle/testdata/${kind}`)) {
      const v = json as MerkleVector
      const verify = () => check(v, (v.proof ?? []).map(fromBase64))
      if (v.wantErr || refusedHere.has(file)) t.throws(verify, { name: 'TlogError' }, file)
      else t.doesNotThrow(verify, file)
      seen++
    }
    t.equal(seen, counts[kind])
  })

t.test('the RFC 6962 reference tree', async (t) => {
  const { leafInputsHex, rootsHexBySize } = readJson('merkle/derived/rfc6962-reference-tree.json') as {
    leafInputsHex: string[]
    rootsHexBySize: string[]
  }
  const read = readerOf(leafInputsHex.map((entry) => leafHash(parseHex(entry))))
  t.equal(rootsHexBySize.length, 9)
  for (const [size, root] of rootsHexBySize.entries())
    t.equal(hex(await rootAt(treeSize(size), read)), root, `size ${size}`)
})

t.test('the worked examples', async (t) => {
  const v = readJson('computed/worked-examples.json') as {
    entries: string[]
    leafHashes: string[]
    roots: string[]
    inclusionProofs: string[][]
    consistencyProofs: Record<string, string[]>
  }
  const leaves = v.entries.map((entry) => leafHash(utf8(entry)))
  const read = readerOf(leaves)
  t.same(leaves.map(base64), v.leafHashes)
  for (const [size, root] of v.roots.entries())
    t.equal(base64(await rootAt(treeSize(size), read)), root, `size ${size}`)
  for (const [index, proof] of v.inclusionProofs.entries())
    t.same((await proveInclusion(leafIndex(index), treeSize(5), read)).map(base64), proof, `leaf ${index}`)
  for (const [sizes, proof] of Object.entries(v.consistencyProofs)) {
    const [first = 0, second = 0] = sizes.split('-').map(Number)
    t.same((await proveConsistency(treeSize(first), treeSize(second), read)).map(base64), proof, sizes)
  }
})

t.test('the accumulated subtree vectors of the MTC draft', async (t) => {
  const accumulated = readJson('merkle/derived/accumulated-subtree-vectors.json') as Record<
    string,
    Record<string, string>
  >
  const read = readerOf(Array.from({ length: 130 }, (_, i) => leafHash(Uint8Array.of(i))))
  // The newest draft counts empty subtrees, with the empty root and an empty proof; the kernel knows no empty ones.
  const definitions = ['sha256WithEmptySubtreesValid(start<=end)', 'computedHereForDraft02to05(start<end)'] as const
  const digests = definitions.map(() => ({
    hashes: createHash('sha256'),
    inclusion: createHash('sha256'),
    consistency: createHash('sha256'),
  }))
  const record = (
    kind: 'hashes' | 'inclusion' | 'consistency',
    empty: boolean,
    words: readonly (string | number)[],
  ) => {
    for (const [i, digest] of digests.entries()) if (!empty || i === 0) digest[kind].update(`${words.join(' ')}\n`)
  }
  for (let end = 0; end <= 130; end++)
    for (let start = 0; start <= end; start++) {
      if (start < end && !validSubtree(start, end)) continue
      const inside: ReadNodes = (ids) =>
        read(ids.map(({ level, index }) => ({ level, index: index + start / 2 ** level })))
      const size = treeSize(end - start)
      const name = `[${start}, ${end})`
      record('hashes', size === 0, [name, hex(await rootAt(size, inside))])
      for (let index = 0; index < size; index++) {
        const path = await proveInclusion(leafIndex(index), size, inside)
        record('inclusion', false, [start + index, name, ...path.map(hex)])
      }
    }
  for (let size = 0; size <= 130; size++)
    for (let end = 0; end <= size; end++)
      for (let start = 0; start <= end; start++) {
        if (start < end && !validSubtree(start, end)) continue
        const path = start === end ? [] : await proveSubtree(start, end, treeSize(size), read)
        record('consistency', start === end, [`[${start}, ${end})`, size, ...path.map(hex)])
      }
  for (const [i, definition] of definitions.entries())
    for (const [kind, digest] of Object.entries(digests[i] ?? {}))
      t.equal(digest.digest('hex'), accumulated[definition]?.[kind], `${kind}, ${definition}`)
})
