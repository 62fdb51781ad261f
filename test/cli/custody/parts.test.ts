/** What a file is taken apart into; and a manifest's documents are within the data set that `dataset snapshot` commits to, salted or not. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { documentsOf } from '../../../src/cli/custody/parts.ts'
import { summarize } from '../../../src/files/dataset-manifest.ts'
import { digestModelFile } from '../../../src/files/model-parts.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { gguf, text, W } from '../../formats/model/make.ts'
import { TOY_GGUF, toyLlamafile } from '../../formats/model/make-llamafile.ts'
import { command, scratch } from '../support.ts'
import { advisory, desk } from './support.ts'

const folder = scratch(t)
mkdirSync(join(folder, 'docs'))
for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, 'docs', name), name)

for (const flags of [[], ['--salted']])
  t.test(`a manifest ${flags.join()}`, async (t) => {
    const manifest = join(folder, `manifest${flags.join()}.jsonl`)
    const { code } = await command(['dataset', 'snapshot', join(folder, 'docs'), '--manifest', manifest, ...flags])
    t.equal(code, 0)
    const { byPath, manifest: digest } = await summarize(manifest)
    const documents = await documentsOf(manifest)
    t.equal(documents.length, 6, 'each within both')
    t.same(
      new Set(documents.flatMap(({ within }) => within)),
      new Set([`rfc6962_sha256:${hex(byPath)}`, `sha256:${hex(digest)}`]),
    )
  })

t.test('what is no manifest', async (t) => {
  const path = join(folder, 'none')
  writeFileSync(path, '{}\n')
  await t.rejects(documentsOf(path), { code: 'FIELD_INVALID', message: /line 1/ })
})

t.test('weights in a llamafile are known by their tensors, whatever is said around them', async (t) => {
  const { serverWith, write, mine, signer } = desk(t)
  const file = write('toy.gguf', TOY_GGUF)
  const other = gguf({ fields: [text('general.name', 'Mine now'), text('general.author', 'x')], tensors: [W] })
  const { digests } = await digestModelFile(file, () => undefined)
  const named = Object.fromEntries([...digests].map(([algorithm, digest]) => [algorithm, hex(digest)]))
  const { json } = await serverWith([[advisory(named), signer]])
  for (const [name, content] of [
    ['other.gguf', other],
    ['other.llamafile', await toyLlamafile({ weights: other })],
  ] as const)
    t.match(await json([write(name, content), ...mine]), { code: 1, reasons: [/^poisoned/] }, name)
})
