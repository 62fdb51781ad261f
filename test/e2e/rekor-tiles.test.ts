/** Sigstore's own Rekor v2 client library writes to the log, verifies each receipt, and reads the tiles (go/rekor-tiles). */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fill } from './fill.ts'
import { createNoteKey, pemOfVkey } from './note-key.ts'
import { client, type Finished, run, scratch, soleLog, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

const program = await client('rekor-tiles')
const folder = await scratch(t)
const server = await startServer(join(folder, 'data'))
const log = await soleLog(join(folder, 'data'))

async function judge(count: number, origin: string, vkey: string, reads = server.url): Promise<Finished> {
  const key = join(folder, 'log.pem')
  await writeFile(key, pemOfVkey(vkey))
  return run(program, ['-url', server.url, '-read-url', reads, '-origin', origin, '-key', key, '-n', String(count)])
}

t.test('receipts, tiles and bundles hold from the first entry', async (t) => {
  t.match(await judge(20, log.origin, log.vkey), { code: 0, stdout: /^20 entries added.* the tree has 20\n$/ })
})

t.test('and across the edge of a tile', async (t) => {
  await fill(server.url, 230)
  t.match(await judge(20, log.origin, log.vkey), { code: 0, stdout: /^20 entries added.* the tree has 270\n$/ })
})

t.test('also under the path that Rekor v2 reads from', async (t) => {
  t.match(await judge(1, log.origin, log.vkey, `${server.url}/api/v2`), { code: 0, stdout: /the tree has 271\n$/ })
})

t.test('another key and another origin are refused', async (t) => {
  const stranger = createNoteKey(log.origin)
  t.match(await judge(1, log.origin, stranger.vkey), { code: 1, stderr: /unverified checkpoint signature/ })
  t.match(await judge(1, 'other.example', log.vkey), { code: 1, stderr: /unverified checkpoint signature/ })
})

t.test('SIGTERM ends the server in order', async (t) => t.resolves(server.stop()))
