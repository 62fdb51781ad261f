/** Tessera's fsck, which is not ours, reads an export through a plain file server (c2sp.org/tlog-tiles). */

import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fill } from './fill.ts'
import { serveFolder } from './static-server.ts'
import { client, colophon, run, scratch, soleLog, startServer } from './support.ts'

t.setTimeout(15 * 60_000)

const program = await client('tessera-fsck')
const folder = await scratch(t)
const [data, www] = [join(folder, 'data'), join(folder, 'www')]
const server = await startServer(data)
const log = await soleLog(data)
const url = await serveFolder(t, www)
let size = 0

/** The size that fsck accepts, or null; it exits with 0 whatever it finds. */
async function fsck(prefix: string): Promise<{ readonly accepted: number | null; readonly words: string }> {
  const keyFile = join(folder, 'vkey')
  await writeFile(keyFile, log.vkey)
  const args = ['-storage_url', prefix, '-public_key', keyFile, '-N', '8', '-ui=false']
  const { code, stderr } = await run(program, args, { timeoutMs: 300_000 })
  const [, count] = /Successfully fsck'd log with size (\d+) and root/.exec(stderr) ?? []
  return {
    accepted: code === 0 && count !== undefined && !stderr.includes('fsck failed') ? Number(count) : null,
    words: stderr,
  }
}

for (const to of [1, 255, 256, 257, 600, 66_000])
  t.test(`an export of ${to} entries, added to the one before`, async (t) => {
    await fill(server.url, to - size)
    size = to
    t.equal(await colophon('export', www, '--data', data), `v2: ${to} entries in ${join(www, 'v2')}\n`)
    const { accepted, words } = await fsck(`${url}/v2`)
    t.equal(accepted, to, 'accepted', { words })
  })

t.test('made at once, it is accepted too; with a flipped bit it is not', async (t) => {
  await colophon('export', join(www, 'fresh'), '--data', data)
  t.equal((await fsck(`${url}/fresh/v2`)).accepted, size)
  for (const path of ['tile/entries/100', 'tile/0/100', 'tile/1/000', 'tile/0/257.p/208']) {
    await cp(join(www, 'fresh'), join(www, 'bad'), { recursive: true })
    const bytes = await readFile(join(www, 'bad/v2', path))
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
    await writeFile(join(www, 'bad/v2', path), bytes)
    t.equal((await fsck(`${url}/bad/v2`)).accepted, null, path)
  }
})

t.test('what a database lost comes from the file server', async (t) => {
  await server.stop()
  const other = join(folder, 'other')
  // Keys, ratchet and export are all that is left: the log is created anew with its keys, and is empty.
  await colophon('log', 'create', 'first', '--origin', 'first.example', '--data', other)
  for (const key of ['keys/v2.pem', 'keys/v2.ml-dsa-44.pem']) await cp(join(data, key), join(other, key))
  await colophon('log', 'create', 'v2', '--origin', log.origin, '--data', other)
  await cp(join(data, 'ratchet'), join(other, 'ratchet'), { recursive: true, force: true })
  t.equal(
    await colophon('recover', '--from', url, '--log', 'v2', '--data', other),
    `v2: ${size} entries brought, now ${size}\n`,
  )
  t.match(await colophon('fsck', '--data', other), /entries, clean/)
  const again = await startServer(other)
  t.equal(
    upToEd25519(await (await fetch(`${again.url}/logs/v2/checkpoint`)).text()),
    upToEd25519(await readFile(join(www, 'v2/checkpoint'), 'utf8')),
  )
  await again.stop()
})

/** The line of ML-DSA-44 has a time, and is made anew. */
function upToEd25519(note: string): string {
  return note.split('\n').slice(0, 5).join('\n')
}
