/** A manifest's documents are within the data set that `dataset snapshot` commits to, salted or not. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { documentsOf } from '../../../src/cli/custody/parts.ts'
import { summarize } from '../../../src/files/dataset-manifest.ts'
import { hex } from '../../../src/kernel/bytes.ts'
import { command, scratch } from '../support.ts'

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
