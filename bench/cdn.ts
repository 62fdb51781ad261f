/**
 * What a cache before the bucket answers by itself: a simulation, without a network, of who reads a log that grows. Full tiles and
 * bundles never change, partial ones are of one checkpoint each.
 *
 * - monitors read all that is new, every so many seconds: checkpoint, bundles, and the tiles of level 0 beside them;
 * - provers read a checkpoint and what proves one entry, with its bundle. It is as likely 1 to 2 seconds old as 1 to 2 days.
 *
 * node bench/cdn.ts [--size 1000000000] [--rate 1000] [--monitors 10] [--every 60] [--provers 50] [--cache 1,10,100] [--seconds 1200]
 */

import { parseArgs } from 'node:util'
import { treeSize } from '../src/kernel/brand.ts'
import { TILE_WIDTH, tilePath, tileWidth } from '../src/kernel/tile.ts'
import { printTable } from './loads.ts'

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1000000000' },
    rate: { type: 'string', default: '1000' },
    monitors: { type: 'string', default: '10' },
    every: { type: 'string', default: '60' },
    provers: { type: 'string', default: '50' },
    cache: { type: 'string', default: '1,10,100' },
    seconds: { type: 'string', default: '1200' },
  },
})
const number = (name: keyof typeof values) => Number(values[name])
const [start, rate, monitors, every] = [number('size'), number('rate'), number('monitors'), number('every')]
const [provers, seconds] = [number('provers'), number('seconds')]

const ENTRY_BYTES = 702 // with its length before it
const HASH_BYTES = 32
/** Of the run, for filling the cache. */
const WARM = 0.25

class Cache {
  readonly #bytes: number
  readonly #held = new Map<string, number>()
  #used = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Whether it was there. What was not asked for longest goes. */
  ask(path: string, bytes: number): boolean {
    const held = this.#held.delete(path)
    this.#held.set(path, bytes)
    if (!held) this.#used += bytes
    for (const [oldest, size] of this.#held) {
      if (this.#used <= this.#bytes) break
      this.#held.delete(oldest)
      this.#used -= size
    }
    return held
  }
}

/** Reproducible: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

type Ask = (path: string, bytes: number) => void

function askTile(level: number | 'entries', index: number, size: number, ask: Ask): void {
  const width = tileWidth(level === 'entries' ? 0 : level, index, treeSize(size))
  if (width > 0) ask(tilePath({ level, index, width }), width * (level === 'entries' ? ENTRY_BYTES : HASH_BYTES))
}

function monitor(from: number, size: number, ask: Ask): void {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
    askTile('entries', index, size, ask)
    askTile(0, index, size, ask)
  }
}

/** The way up from the entry, and the right edge. */
function prove(entry: number, size: number, ask: Ask): void {
  askTile('entries', Math.floor(entry / TILE_WIDTH), size, ask)
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const [own, last] = [Math.floor(entry / TILE_WIDTH ** (level + 1)), Math.floor((hashes - 1) / TILE_WIDTH)]
    for (const index of new Set([own, last])) askTile(level, index, size, ask)
  }
}

function simulate(cacheBytes: number): string[] {
  const random = createRandom(1)
  const cache = new Cache(cacheBytes)
  const seen = Array.from({ length: monitors }, () => start)
  const count = { asked: 0, hits: 0, bytes: 0, origin: 0, checkpoints: 0 }
  for (let second = 0; second < seconds; second++) {
    const size = start + second * rate // a checkpoint a second
    const counts = second >= seconds * WARM
    const ask: Ask = (path, bytes) => {
      const hit = cache.ask(path, bytes)
      if (!counts) return
      count.asked++
      count.bytes += bytes
      if (hit) count.hits++
      else count.origin += bytes
    }
    for (let each = 0; each < monitors; each++) {
      if ((second + Math.floor((each * every) / monitors)) % every !== 0) continue
      if (counts) count.checkpoints++
      monitor(seen[each] ?? size, size, ask)
      seen[each] = size
    }
    for (let each = 0; each < provers; each++) {
      if (counts) count.checkpoints++
      const ageEntries = Math.floor(rate * (size / rate) ** random())
      prove(Math.max(0, size - 1 - ageEntries), size, ask)
    }
  }
  const time = seconds * (1 - WARM)
  const of = (part: number, whole: number) => (whole === 0 ? '' : (part / whole).toFixed(3))
  return [
    `${cacheBytes / 1e9} GB`,
    (count.asked / time).toFixed(0),
    of(count.hits, count.asked),
    of(count.bytes - count.origin, count.bytes),
    ((count.asked - count.hits) / time).toFixed(0),
    (count.origin / time / 1e6).toFixed(1),
    (count.checkpoints / time).toFixed(1),
  ]
}

const rows = String(values.cache)
  .split(',')
  .map((gigabytes) => simulate(Number(gigabytes) * 1e9))
printTable(['cache', 'reads/s', 'hits', 'hits, of bytes', 'misses/s', 'MB/s from the bucket', 'checkpoints/s'], rows)
