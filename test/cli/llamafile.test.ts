/**
 * A llamafile through the commands: the toy, or any that COLOPHON_LLAMAFILE names. It is copied, and not run.
 */

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { closeCrypto } from '../../src/crypto/node.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { toyLlamafile } from '../formats/model/make-llamafile.ts'
import { FILES } from './inspect/support.ts'
import { command, scratch } from './support.ts'

t.teardown(closeCrypto)

const folder = scratch(t)
const file = join(folder, 'model.llamafile')
const { COLOPHON_LLAMAFILE: named } = process.env
if (named === undefined) writeFileSync(file, await toyLlamafile())
else copyFileSync(named, file)
const proof = join(folder, 'proof')
writeFileSync(proof, FILES['tlog-proof'] as Uint8Array)

t.test('taken apart: every byte is explained, and each part has a digest', async (t) => {
  const { code, printed } = await command(['inspect', file, '--digests', '--json'])
  t.equal(code, 0)
  const { content, kind, size } = JSON.parse(printed)
  t.equal(kind, 'llamafile')
  t.equal(content.bytes.unexplained, 0)
  const { program, members, recordsOfTheArchive, padding, ofEarlierLayers, unexplained } = content.bytes
  t.equal(program + members + recordsOfTheArchive + padding + ofEarlierLayers + unexplained, size)
  for (const { sha256 } of [...content.layers, ...content.members]) t.match(sha256, /^[0-9a-f]{64}$/)
})

t.test('a slot goes in and out', async (t) => {
  const slotted = join(folder, 'slotted')
  t.match(await command(['slot', 'add', file, '--proof', proof, '--output', slotted]), { code: 0 })
  t.match(await command(['slot', 'strip', slotted]), { code: 0 })
  t.ok(equal(readFileSync(slotted), readFileSync(file)))
})
