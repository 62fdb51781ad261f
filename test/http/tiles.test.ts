/** Tiles of a growing log: every published size readable, from every prefix, under one spelling each. */

import t from 'tap'
import { parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { hash, type TreeSize } from '../../src/kernel/brand.ts'
import { equal } from '../../src/kernel/bytes.ts'
import { leafHash } from '../../src/kernel/hash.ts'
import { rootAt } from '../../src/kernel/proof.ts'
import { readFromTiles, tilePath, tilesOf, tileWidth } from '../../src/kernel/tile.ts'
import { openNote } from '../../src/log/signer.ts'
import { command } from '../cli/support.ts'
import { fill } from '../e2e/fill.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { ask, said, startServer, type TestServer } from './support.ts'

const PREFIXES = ['', '/api/v2', '/logs/v2']
/** Where partial tiles begin, fill up and grow a level. */
const SIZES = [1, 2, 3, 100, 255, 256, 257, 511, 512, 513, 600]

async function vkeyOf(server: TestServer) {
  const { printed } = await command(['log', 'list', '--data', server.dir, '--json'])
  return parseVkey((JSON.parse(printed) as { vkey: string }[])[0]?.vkey ?? '')
}

async function readTile(server: TestServer, prefix: string, level: number | 'entries', index: number, width: number) {
  const answer = await ask(server, `${prefix}/${tilePath({ level, index, width })}`)
  return answer.status === 200 ? new Uint8Array(answer.bytes) : null
}

/** Every leaf hash below the checkpoint, from the bundles, each compared with the tile's. */
async function readLeaves(server: TestServer, size: TreeSize): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  for (let index = 0; tileWidth(0, index, size) > 0; index++) {
    const width = tileWidth(0, index, size)
    const bundle = await readTile(server, '', 'entries', index, width)
    const tile = await readTile(server, '', 0, index, width)
    if (bundle === null || tile === null) throw new Error(`bundle or tile ${index}.p/${width} is missing`)
    for (const [i, entry] of parseBundle(bundle, width).entries()) {
      const leaf = leafHash(entry)
      if (!equal(leaf, tile.subarray(32 * i, 32 * i + 32))) throw new Error(`leaf ${256 * index + i}: another hash`)
      leaves.push(entry)
    }
  }
  return leaves
}

t.test('a growing log', async (t) => {
  const server = await startServer(t)
  const vkey = await vkeyOf(server)
  const open = async () =>
    parseCheckpoint(await openNote(vkey, new Uint8Array((await ask(server, '/checkpoint')).bytes)))
  t.match(await open(), { origin: 'localhost', size: 0 }, 'the empty log is signed too')
  let size = 0
  for (const next of SIZES) {
    await fill(server.url, next - size)
    size = next
    const checkpoint = await open()
    t.equal(checkpoint.size, size, `${size}: published before it is acknowledged`)
    t.same(
      treeOf(await readLeaves(server, checkpoint.size)).mth(0n, BigInt(size)),
      checkpoint.root,
      `${size}: RFC 6962 over the entries`,
    )
    const read = readFromTiles(
      (level, index, width) => readTile(server, '/api/v2', level, index, width),
      checkpoint.size,
    )
    t.same(await rootAt(checkpoint.size, read), hash(checkpoint.root), `${size}: the tiles fold to the signed root`)
    for (const tile of tilesOf(checkpoint.size)) {
      const [path, beyond] = [tilePath(tile), tilePath({ ...tile, width: tile.width + 1 })]
      const [first, ...others] = await Promise.all(PREFIXES.map((prefix) => ask(server, `${prefix}/${path}`)))
      for (const other of others) t.same(other.bytes, first?.bytes, `${size}: ${path} under another prefix`)
      if (tile.width < 256)
        t.equal((await ask(server, `/${beyond}`)).status, 404, `${size}: ${beyond} is not published`)
    }
  }
})

t.test('every width of a tile and a bundle is a prefix of the widest', async (t) => {
  const server = await startServer(t)
  await fill(server.url, 300)
  const [tile, bundle] = [await readTile(server, '', 0, 0, 256), await readTile(server, '', 'entries', 0, 256)]
  if (tile === null || bundle === null) throw new Error('no full tile')
  let bad = 0
  for (let width = 1; width <= 255; width++) {
    const [hashes, entries] = await Promise.all([
      readTile(server, '', 0, 0, width),
      readTile(server, '', 'entries', 0, width),
    ])
    const good =
      hashes !== null &&
      entries !== null &&
      equal(hashes, tile.subarray(0, 32 * width)) &&
      equal(entries, bundle.subarray(0, entries.length)) &&
      parseBundle(entries, width).length === width
    if (!good) bad++
  }
  t.equal(bad, 0)
})

const MALFORMED = `
/tile/0/0 /tile/0/00 /tile/0/0000 /tile/0/1 /tile/0/x000/000 /tile/0/x000/x000/000 /tile/0/000/000 /tile/0/x000
/tile/0/X001/234 /tile/00/000 /tile/+0/000 /tile/-1/000 /tile/64/000 /tile/100/000 /tile/0.0/000 /tile//000 /tile/0//000
/tile/0/000/ /tile/0/000.p /tile/0/000.p/ /tile/0/000.p/0 /tile/0/000.p/256 /tile/0/000.p/257 /tile/0/000.p/01
/tile/0/000.p/1/ /tile/0/000.P/1 /tile/0/000.p/1.p/1 /tile/0/000.p/1000 /tile/0/000.p/+1 /tile/0/000.p/1e1 /tile/0/000p/1
/tile/entries /tile/entries/ /tile/Entries/000 /tile/ENTRIES/000 /tile/entries/0 /tile/entries/000.p/0 /tile/data/000
/tile/ /tile/0 /tile/0/ /tile/0/abc /tile/0/0x0 /tile/0/%D9%A0%D9%A0%D9%A0 /tile/0/%30%30%30 /tile/%30/000 /tile/0%2F000 /tile/0/000%2Ep/1
/tile/0/000.p%2F1 /tile/0/000%00 /tile/0/000%20 /tile/0/000%0A /tile/0/%2500 /%74ile/0/000 /tile/0/../0/000 /tile/./0/000
/tile/0/%2e%2e/0/000 /tile/0\\000 /tile/0/000;a=1 /tile/0/000#a /tile/tile/0/000 /tile/x/tile/0/000 /tile/0/000.gz
/tile/0/x999/x999/x999/x999/x999/999 /tile/0/x035/x184/x372/x088/832`

const refusalOf = (path: string) =>
  path.includes('%') ? /^400 FIELD_INVALID the path: percent signs/ : /^400 TILE_PATH_MALFORMED not a tile path: /

t.test('a tile has one spelling', async (t) => {
  const server = await startServer(t)
  await fill(server.url, 300)
  for (const path of [
    '/tile/0/000',
    '/tile/0/000.p/255',
    '/tile/entries/000',
    '/tile/1/000.p/1',
    '/tile/entries/001.p/44',
  ])
    t.equal((await ask(server, path)).status, 200, path)
  for (const prefix of PREFIXES)
    for (const path of MALFORMED.trim().split(/\s+/))
      t.match(said(await ask(server, prefix + path)), refusalOf(path), prefix + path)
  for (const path of [
    '/tile/0/001',
    '/tile/0/002.p/1',
    '/tile/63/000',
    '/tile/1/000',
    '/tile/1/000.p/2',
    '/tile/0/x001/000',
    '/tile/entries/x035/x184/x372/x088/830',
  ])
    t.match(said(await ask(server, path)), /^404 NOT_FOUND the published tree has no such tile/, path)
})
