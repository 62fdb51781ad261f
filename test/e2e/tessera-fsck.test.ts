/** Tessera's fsck, which is not ours, reads the whole log: every bundle, every tile, the checkpoint (c2sp.org/tlog-tiles). */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fill } from './fill.ts'
import { createNoteKey } from './note-key.ts'
import { flip, type Tamper, tamperingProxy } from './proxy.ts'
import { client, run, scratch, soleLog, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

const program = await client('tessera-fsck')
const folder = await scratch(t)
const server = await startServer(join(folder, 'data'))
const log = await soleLog(join(folder, 'data'))
let size = 0

async function grow(to: number): Promise<void> {
  await fill(server.url, to - size)
  size = to
}

/** fsck exits with 0 whatever it finds: its last words are the verdict. */
async function fsck(url: string, vkey: string): Promise<{ readonly accepted: number | null; readonly words: string }> {
  const keyFile = join(folder, 'vkey')
  await writeFile(keyFile, vkey)
  // With one worker it waits for ever after a bad tile: the worker is gone and nobody takes the next one.
  const args = ['-storage_url', url, '-public_key', keyFile, '-N', '8', '-ui=false']
  const { code, stderr } = await run(program, args, { timeoutMs: 300_000 })
  const [, count] = /Successfully fsck'd log with size (\d+) and root/.exec(stderr) ?? []
  const accepted = code === 0 && count !== undefined && !stderr.includes('fsck failed')
  return { accepted: accepted ? Number(count) : null, words: stderr }
}

function accepts(to: number): void {
  t.test(`${to} entries`, async (t) => {
    await grow(to)
    const { accepted, words } = await fsck(server.url, log.vkey)
    t.equal(accepted, to, 'accepted', { words })
  })
}

for (const to of [1, 255, 256, 257]) accepts(to)

t.test('what fsck refuses in a log of 257', async (t) => {
  const missing: Tamper = (path, body) => (path === '/tile/0/001.p/1' ? null : body)
  const wrongTile = /log has:\n/
  const refused: readonly (readonly [string, Tamper, RegExp])[] = [
    ['a bit of the full bundle', flip('/tile/entries/000', -1), wrongTile],
    ['a bit of the partial bundle', flip('/tile/entries/001.p/1', -1), wrongTile],
    ['a bit of the full tile', flip('/tile/0/000', 4000), wrongTile],
    ['a bit of the partial tile', flip('/tile/0/001.p/1', 0), wrongTile],
    ['a bit of the tile above', flip('/tile/1/000.p/1', 31), wrongTile],
    ['a partial tile that is not there', missing, /neither partial nor full resource found.*tile\/0\/001/],
    ['a bit of the signed text', flip('/checkpoint', log.origin.length + 3), /failed to fetch and verify checkpoint/],
  ]
  for (const [name, tamper, why] of refused) {
    const { accepted, words } = await fsck(await tamperingProxy(t, server.url, tamper), log.vkey)
    t.equal(accepted, null, `refused: ${name}`, { words })
    t.match(words, why, `for that reason: ${name}`)
  }
})

t.test('what fsck refuses is the root, not the stranger who signed it', async (t) => {
  const stranger = createNoteKey(log.origin)
  const resigned = (edit: (root: Buffer) => void) => (path: string, body: Buffer) => {
    if (path !== '/checkpoint') return body
    const [origin, count, root = ''] = body.toString().split('\n')
    const bytes = Buffer.from(root, 'base64')
    edit(bytes)
    return Buffer.from(stranger.sign(`${origin}\n${count}\n${bytes.toString('base64')}\n`))
  }
  const same = await tamperingProxy(
    t,
    server.url,
    resigned(() => {}),
  )
  const other = await tamperingProxy(
    t,
    server.url,
    resigned((root) => root.writeUInt8(root.readUInt8(0) ^ 1, 0)),
  )
  t.equal((await fsck(same, stranger.vkey)).accepted, size, 'the same root under another key is accepted')
  t.equal((await fsck(same, log.vkey)).accepted, null, 'but not for who asks for the log’s own key')
  const { accepted, words } = await fsck(other, stranger.vkey)
  t.equal(accepted, null, 'another root is refused')
  t.match(words, /calculated root .* but checkpoint claims/)
})

accepts(70_000) // three levels of tiles

t.test('SIGTERM ends the server in order', async (t) => t.resolves(server.stop()))
