/** Manifests, their trees and what they show: against the toy corpus, and a slow reference. */

import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { snapshotDirectory } from '../../src/files/dataset-directory.ts'
import { summarize } from '../../src/files/dataset-manifest.ts'
import { proveDocument } from '../../src/files/dataset-prove.ts'
import { type DatasetLine, formatDatasetLine } from '../../src/formats/custody/dataset-line.ts'
import { formatDatasetProof, parseDatasetProof } from '../../src/formats/custody/dataset-proof.ts'
import { compareNames } from '../../src/formats/model/oms.ts'
import { treeSize } from '../../src/kernel/brand.ts'
import { concat, hex, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import { compareDigests, verifyDatasetProof } from '../../src/verify/dataset.ts'
import { treeOf } from '../reference/rfc6962.ts'

const mth = (entries: readonly Uint8Array[]) => treeOf(entries).mth(0n, BigInt(entries.length))

const TOY = new URL('../vectors/custody/corpus/', import.meta.url).pathname
const digest = (text: string) => new Uint8Array(createHash('sha256').update(text).digest())
const HELD = 4

const PLAIN = { ignore: [], salt: null }

t.test('the toy corpus: manifest, digests, tree and proof, as the specification has them', async (t) => {
  const folder = t.testdir()
  cpSync(TOY, folder, { recursive: true })
  const out = join(folder, 'out.jsonl')
  const ignored = await snapshotDirectory(folder, out, { ...PLAIN, ignore: ['out.jsonl', 'manifest.jsonl', 'none'] })
  t.same([...ignored].sort(), ['manifest.jsonl', 'out.jsonl'])
  t.equal(readFileSync(out, 'utf8'), readFileSync(join(TOY, 'manifest.jsonl'), 'utf8'))
  const { manifest, dirHash, byPath, ...rest } = await summarize(out)
  t.match(rest, { size: 3, bytes: 33, isSalted: false })
  t.equal(hex(manifest), '1e44c4d3033b0f6bffda21ca8d0eac26f347ed2bc2c2378bf3a0935744d1012d')
  t.equal(hex(dirHash ?? manifest), '0128bd8de40ea46e4fd689fb6be1ff465621f93dad7bae1eeb7689fee5299469')
  t.equal(hex(byPath), 'ad9662770e0603802f00b9988214b58ccfc9ad32ab734439a444514d2166b03d')
  const proof = await proveDocument(out, digest('document 1\n'))
  t.match(proof, { kind: 'included', size: 3, document: { index: 1, line: { path: 'docs/1.txt' } } })
  t.same(proof.kind === 'included' && proof.document.path.map(hex), [
    'ac8ce6b0fc54cd8b117f5139db1fee8e37157024c2b50d9fb579bb08a20cd079',
    '5912c52639f5138be14d9e804d90fdd8ed20eeafbc551e77777f5239d7dae6ac',
  ])
})

const line = fc.record({
  path: fc.stringMatching(/^[a-z]{1,3}(\/[a-z-]{1,3}){0,2}$/),
  content: fc.integer({ min: 0, max: 12 }),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})

t.test('of any dataset, whatever is in it is shown to be, and whatever is not, not', async (t) => {
  const path = join(t.testdir(), 'manifest.jsonl')
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(line, { selector: ({ path }) => path, maxLength: 24 }),
      fc.boolean(),
      async (made, isSalted) => {
        const lines: DatasetLine[] = made
          .toSorted((a, b) => compareNames(a.path, b.path))
          .map(({ path, content, secret }) => ({
            path,
            sha256: digest(`${content}`),
            size: content,
            salt: isSalted ? secret : null,
          }))
        writeFileSync(path, concat(...lines.map((one) => concat(formatDatasetLine(one), utf8('\n')))))
        const summary = await summarize(path, { held: HELD })
        const data = (one: DatasetLine) =>
          concat(one.salt ?? new Uint8Array(), formatDatasetLine({ ...one, salt: null }))
        t.same(summary.byPath, mth(lines.map(data)))
        t.same(summary.byDigest, mth(lines.toSorted((a, b) => compareDigests(a.sha256, b.sha256)).map(data)))
        for (let content = 0; content <= 13; content++) {
          const sha256 = digest(`${content}`)
          const proof = parseDatasetProof(formatDatasetProof(await proveDocument(path, sha256, { held: HELD })))
          t.equal(
            proof.kind === 'included',
            made.some((one) => one.content === content),
          )
          t.equal(verifyDatasetProof(proof, sha256, summary) !== null, proof.kind === 'included')
        }
      },
    ),
    { numRuns: 25 },
  )
})

t.test('a proof that was changed in any byte shows nothing', async (t) => {
  const path = join(t.testdir(), 'manifest.jsonl')
  const lines = [3, 1, 4, 1, 5].map((content, i) => ({
    ...{ path: `${i}`, sha256: digest(`${content}`), size: content, salt: null },
  }))
  writeFileSync(path, concat(...lines.map((one) => concat(formatDatasetLine(one), utf8('\n')))))
  const summary = await summarize(path)
  for (const content of [1, 5, 2, 6]) {
    const sha256 = digest(`${content}`)
    const file = formatDatasetProof(await proveDocument(path, sha256))
    const shown = verifyDatasetProof(parseDatasetProof(file), sha256, summary)
    for (let at = 0; at < file.length; at++)
      for (const flip of [1, 2, 16]) {
        const changed = file.map((byte, i) => (i === at ? byte ^ flip : byte))
        try {
          verifyDatasetProof(parseDatasetProof(changed), sha256, summary)
          t.fail(`bit ${flip} of byte ${at} does not count`)
        } catch (error) {
          if (!(error instanceof TlogError)) throw error
        }
      }
    t.equal(shown === null, content === 2 || content === 6)
  }
})

t.test('gaps that are none', async (t) => {
  const path = join(t.testdir(), 'manifest.jsonl')
  const sorted = [0, 1, 2, 3, 4, 5].map((n) => digest(`${n}`)).sort(compareDigests)
  const lines = sorted.map((sha256, i) => ({ path: `${i}`, sha256, size: 0, salt: null }))
  writeFileSync(path, concat(...lines.map((one) => concat(formatDatasetLine(one), utf8('\n')))))
  const roots = await summarize(path)
  const placed = await Promise.all(
    sorted.map(async (sha256) => {
      const proof = await proveDocument(path, sha256)
      return proof.kind === 'included' ? [proof.document] : []
    }),
  ).then((found) => found.flat())
  t.same(roots.byPath, roots.byDigest, 'one order, so that the places serve both')
  const inside = sorted[2] as Uint8Array
  const gap = (...at: readonly number[]) => ({
    ...{ kind: 'absent' as const, size: roots.size, root: roots.byDigest, sha256: inside },
    neighbours: at.flatMap((i) => placed[i] ?? []),
  })
  for (const [name, proof, message] of [
    ['around it', gap(1, 3), /not next to each other/],
    ['itself', gap(2, 3), /the document itself/],
    ['on one side', gap(0, 1), /on one side/],
    ['backwards', gap(3, 1), /on one side/],
    ['not the last', gap(1), /at neither end/],
    ['not the first', gap(3), /at neither end/],
    ['nothing', gap(), /not empty/],
    ['another size', { ...gap(1, 3), size: treeSize(7) }, /another dataset/],
  ] as const)
    t.throws(() => verifyDatasetProof(proof, inside, roots), { code: 'PROOF_INVALID', message }, name)
  t.throws(() => verifyDatasetProof(gap(1, 3), digest('x'), roots), { code: 'ARTIFACT_MISMATCH' })
  t.throws(() => verifyDatasetProof(gap(1, 3), inside, { ...roots, byDigest: null }), { code: 'CHECK_UNAVAILABLE' })
})

t.test('manifests that are none', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'manifest.jsonl')
  const one = (name: string, salt: Uint8Array | null = null) =>
    Buffer.from(formatDatasetLine({ path: name, sha256: digest(name), size: 1, salt })).toString()
  for (const [name, text, message] of [
    ['no end', one('a'), /line 1: it has no end/],
    ['another order', `${one('b')}\n${one('a')}\n`, /line 2: "a" does not come after/],
    ['twice', `${one('a')}\n${one('a')}\n`, /line 2/],
    ['some with salt', `${one('a')}\n${one('b', digest('s'))}\n`, /line 2: some lines have a salt/],
    ['another spelling', `${one('a').replace(',', ', ')}\n`, /line 1: .*one spelling/],
    ['out of it', `${one('a').replace('"a"', '"../a"')}\n`, /not a path inside/],
    ['an empty line', '\n', /line 1/],
    ['too long', `${'x'.repeat(9000)}`, /line 1: over 8192 bytes/],
    ['too long, with an end', `${one('a')}\n${'x'.repeat(9000)}\n`, /line 2: .*over 8192 bytes/],
  ] as const) {
    writeFileSync(path, text)
    await t.rejects(summarize(path), { code: 'FIELD_INVALID', message }, name)
  }
})

t.test('directories: the order is that of the paths, and what is no document is refused', async (t) => {
  const folder = t.testdir()
  const root = join(folder, 'data')
  for (const name of ['a/b', 'a-b', 'a', 'é', 'z/a/b/c'].map((name) => join(root, name))) {
    if (name.endsWith('/a')) continue
    mkdirSync(join(name, '..'), { recursive: true })
    writeFileSync(name, name.slice(root.length))
  }
  const out = join(folder, 'm')
  let salts = 0
  await snapshotDirectory(root, out, { ignore: [], salt: () => new Uint8Array(32).fill(++salts) })
  t.match(await summarize(out), { size: 4, isSalted: true, dirHash: null })
  t.same(
    readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).path),
    ['a-b', 'a/b', 'z/a/b/c', 'é'],
  )
  await t.rejects(snapshotDirectory(root, out, PLAIN), { code: 'EEXIST' }, 'never over another')
  symlinkSync('a-b', join(root, 'link'))
  await t.rejects(snapshotDirectory(root, join(folder, 'n'), PLAIN), {
    code: 'MODEL_REFUSED',
    message: /symbolic link/,
  })
  t.throws(() => readFileSync(join(folder, 'n')), { code: 'ENOENT' }, 'nothing is left of it')
})
