/**
 * How fast the SQLite store appends, on the disk of DIR (default: the system's temporary directory).
 * Each entry: 700 bytes, three lookup keys. `node bench/store.ts [leaves to fill first, default 1000000] [DIR]`
 */

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash, type LeafHash, treeSize, unixMillis } from '../src/kernel/brand.ts'
import { completedTiles, Edge } from '../src/kernel/edge.ts'
import type { Head, LogStore, SealedBatch, SealedEntry } from '../src/log/ports.ts'
import { openDatabase } from '../src/storage/sqlite/open.ts'

const BATCHES = [1, 16, 256, 1000]
const SECONDS = 3
const KEYS = 3

const fill = Number(process.argv[2] ?? 1_000_000)
const dir = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'bench-store-'))
const path = join(dir, 'log.db')
const database = openDatabase(path, { create: true })
const record = { slug: 'v2', dialect: 'rekor-v2', origin: 'example.org', vkey: 'example.org', createdAt: unixMillis(0) }
const store = database.store((await database.createLog(record)).number)

// Hashing the tree is not what is measured; batches are made before the clock starts.
const edge = new Edge()
let head: Head = (await store.head()) ?? fail()

await measureAll()
await filled(fill)
await measureAll()
await database.close()
rmSync(dir, { recursive: true })

async function measureAll(): Promise<void> {
  for (const width of BATCHES) {
    const samples: number[] = []
    const { size } = head
    for (const end = performance.now() + SECONDS * 1000; performance.now() < end; ) {
      const batch = seal(width)
      const start = performance.now()
      await store.append(head, batch)
      samples.push(performance.now() - start)
      head = batch.head
    }
    samples.sort((a, b) => a - b)
    const total = samples.reduce((sum, ms) => sum + ms, 0)
    const at = (share: number) => (samples[Math.floor((samples.length - 1) * share)] ?? 0).toFixed(2)
    const rate = Math.round((head.size - size) / (total / 1000))
    console.log(
      `at ${size} leaves, batch ${width}: ${rate} entries/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)}`,
    )
  }
  await measureReads(store)
}

async function measureReads(store: LogStore): Promise<void> {
  const count = 2000
  const tiles = await perSecond(count, (i) => store.tile(0, (i * 7) % Math.floor(head.size / 256), 256))
  const bundles = await perSecond(count, (i) => store.bundle((i * 7) % Math.floor(head.size / 256), 256))
  const finds = await perSecond(count, (i) => store.find([leafOf((i * 7919) % head.size).hash]))
  const megabytes = Math.round(statSync(path).size / 2 ** 20)
  console.log(`  reads/s: tile ${tiles}, bundle ${bundles}, find ${finds}; file ${megabytes} MiB`)
}

async function perSecond(count: number, read: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < count; i++) if ((await read(i)) === null) fail()
  return Math.round(count / ((performance.now() - start) / 1000))
}

async function filled(size: number): Promise<void> {
  const start = performance.now()
  for (let next = 100_000; head.size < size; ) {
    const batch = seal(1000)
    await store.append(head, batch)
    head = batch.head
    if (head.size < next) continue
    console.log(`  ${head.size} leaves after ${Math.round((performance.now() - start) / 1000)} s`)
    next += 100_000
  }
}

function seal(width: number): SealedBatch {
  const entries = Array.from({ length: width }, (_, at) => leafOf(head.size + at))
  for (const { hash } of entries) edge.append(hash)
  const size = treeSize(head.size + width)
  const tiles = completedTiles(head.size, edge)
  const root = edge.root()
  if (size % 65_536 < 1000) edge.forget(size)
  return { entries, tiles, head: { size, root, time: unixMillis(size) } }
}

function leafOf(index: number): SealedEntry {
  const leaf = new Uint8Array(700)
  new DataView(leaf.buffer).setFloat64(0, index)
  const keys = Array.from({ length: KEYS }, (_, i) => ({
    key: sha256(leaf, Uint8Array.of(i)),
    source: 'leaf' as const,
  }))
  return { leaf, hash: hash(sha256(Uint8Array.of(0), leaf)) as LeafHash, keys, attachments: [] }
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function fail(): never {
  throw new Error('the store does not hold what it was given')
}
