/**
 * How fast `colophon audit` reads a whole log, on one processor, and in how much memory:
 * `node bench/audit.ts [--entries 1000000,10000000] [--bytes 540]`. The log is made up and served by a process of its own,
 * on the other processors: entries when they are asked for, tiles from memory.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { unfinished } from '../src/audit/edge-tiles.ts'
import { importEd25519Seed, signEd25519 } from '../src/crypto/node.ts'
import { formatBundle } from '../src/formats/c2sp/bundle.ts'
import { formatCheckpoint } from '../src/formats/c2sp/checkpoint.ts'
import { formatNote } from '../src/formats/c2sp/note.ts'
import { createVkey, formatVkey, KEY_TYPE } from '../src/formats/c2sp/vkey.ts'
import { treeSize } from '../src/kernel/brand.ts'
import { completedTiles, Edge } from '../src/kernel/edge.ts'
import { leafHash } from '../src/kernel/hash.ts'
import { parseTilePath, TILE_WIDTH, tilePath } from '../src/kernel/tile.ts'

const ORIGIN = 'bench.example/log'
const MAIN = new URL('../src/main.ts', import.meta.url).pathname
const SAMPLE_MS = 50

function entry(index: number, length: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(length, `entry ${index} `))
}

function bundle(index: number, width: number, length: number): Uint8Array {
  return formatBundle(Array.from({ length: width }, (_, i) => entry(index * TILE_WIDTH + i, length)))
}

async function serveLog(count: number, length: number): Promise<void> {
  const files = new Map<string, Uint8Array>()
  const edge = new Edge()
  for (let index = 0; index < count; index++) {
    const before = edge.size
    edge.append(leafHash(entry(index, length)))
    if (edge.size % TILE_WIDTH !== 0) continue
    const at = edge.size / TILE_WIDTH - 1
    files.set(tilePath({ level: 0, index: at, width: TILE_WIDTH }), edge.tile(0, at, TILE_WIDTH) as Uint8Array)
    for (const tile of completedTiles(before, edge)) files.set(tilePath({ ...tile, width: TILE_WIDTH }), tile.bytes)
    edge.forget(edge.size)
  }
  for (const tile of unfinished(edge.size))
    if (tile.width > 0) files.set(tilePath(tile), edge.tile(tile.level, tile.index, tile.width) as Uint8Array)
  const key = importEd25519Seed(new Uint8Array(32).fill(1))
  const vkey = createVkey(ORIGIN, KEY_TYPE.ed25519, key.publicKey)
  const text = formatCheckpoint({ origin: ORIGIN, size: treeSize(count), root: edge.root(), extensions: [] })
  const signature = await signEd25519(key, text)
  files.set('checkpoint', formatNote({ text, signatures: [{ name: ORIGIN, keyId: vkey.keyId, signature }] }))
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    const file = files.get(path)
    if (file !== undefined) return void response.end(file)
    if (!path.startsWith('tile/entries/')) return void response.writeHead(404).end()
    const { index, width } = parseTilePath(path)
    response.end(bundle(index, width, length))
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number }
    process.send?.({ url: `http://127.0.0.1:${port}`, vkey: formatVkey(vkey) })
  })
}

interface Measured {
  readonly seconds: number
  readonly peakMiB: number
  readonly code: number
}

async function audit(url: string, vkey: string, dir: string): Promise<Measured> {
  const argv = [MAIN, 'audit', url, '--once', '--state', dir, '--log-key', vkey]
  const start = performance.now()
  const child = spawn('taskset', ['-c', '0', process.execPath, ...argv], { stdio: ['ignore', 'inherit', 'inherit'] })
  let peakKiB = 0
  const timer = setInterval(() => {
    try {
      const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
      peakKiB = Math.max(peakKiB, Number(found?.[1] ?? 0))
    } catch {
      // it has ended
    }
  }, SAMPLE_MS)
  const [code] = (await once(child, 'close')) as [number]
  clearInterval(timer)
  return { seconds: (performance.now() - start) / 1000, peakMiB: Math.round(peakKiB / 1024), code }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      entries: { type: 'string', default: '1000000' },
      bytes: { type: 'string', default: '540' },
      serve: { type: 'boolean', default: false },
    },
  })
  const length = Number(values.bytes)
  if (values.serve) return await serveLog(Number(values.entries), length)
  for (const count of values.entries.split(',').map(Number)) {
    const others = `1-${cpus().length - 1}`
    const argv = [import.meta.filename, '--serve', '--entries', String(count), '--bytes', String(length)]
    const server = spawn('taskset', ['-c', others, process.execPath, '--max-old-space-size=4096', ...argv], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [{ url, vkey }] = (await once(server, 'message')) as [{ url: string; vkey: string }]
    const dir = mkdtempSync(join(tmpdir(), 'colophon-bench-'))
    const { seconds, peakMiB, code } = await audit(url, vkey, join(dir, 'audit'))
    const rate = Math.round(count / seconds)
    console.log(`${count} entries of ${length} bytes: ${seconds.toFixed(1)} s, ${rate}/s, ${peakMiB} MiB, exit ${code}`)
    server.kill()
    rmSync(dir, { recursive: true })
  }
}

await main()
