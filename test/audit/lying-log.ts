/** A tiled log, and a witness, that serve whatever they are told: over HTTP, as files. Hashes are the reference's. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { formatBundle } from '../../src/formats/c2sp/bundle.ts'
import { formatVkey } from '../../src/formats/c2sp/vkey.ts'
import { type Hash, hash, treeSize } from '../../src/kernel/brand.ts'
import { concat, utf8 } from '../../src/kernel/bytes.ts'
import { TILE_WIDTH, tilePath, tilesOf } from '../../src/kernel/tile.ts'
import type { Scope } from '../cli/support.ts'
import { treeOf } from '../reference/rfc6962.ts'
import { head, logKey, type NoteKey, signedBy } from '../verify/support.ts'
import { originHash } from './origin-hash.ts'

export const ORIGIN = 'lying.example/log'
export const KEY = logKey(ORIGIN, 7)
export const VKEY = formatVkey(KEY.vkey)

export const entriesOf = (count: number, word = 'entry'): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => utf8(`${word} ${i}`))

/** Files by their paths. */
export type Files = Map<string, Uint8Array>

/** All that a log of these entries serves, but for its checkpoint. */
export function filesOf(entries: readonly Uint8Array[]): Files {
  const tree = treeOf(entries)
  const files: Files = new Map()
  for (const tile of tilesOf(treeSize(entries.length))) {
    const { level, index, width } = tile
    const leaves = BigInt(TILE_WIDTH ** level)
    const hashes = Array.from({ length: width }, (_, i) => {
      const at = BigInt(index * TILE_WIDTH + i) * leaves
      return tree.mth(at, at + leaves)
    })
    files.set(tilePath(tile), concat(...hashes))
    if (level === 0)
      files.set(
        tilePath({ level: 'entries', index, width }),
        formatBundle(entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width)),
      )
  }
  return files
}

export function rootOf(entries: readonly Uint8Array[]): Hash {
  return hash(treeOf(entries).mth(0n, BigInt(entries.length)))
}

export async function noteOver(entries: readonly Uint8Array[], ...others: readonly NoteKey[]): Promise<Uint8Array> {
  return await signedBy(head(ORIGIN, entries.length, rootOf(entries)), KEY, ...others)
}

export interface LyingLog {
  readonly url: string
  readonly witnessUrl: string
  /** What is served; change it as you like. */
  readonly files: Files
  /** Paths, in the order in which they were asked for. */
  readonly asked: string[]
  /** Honest: the checkpoint and the files of these entries, beside what is there. */
  show(entries: readonly Uint8Array[], ...cosigners: readonly NoteKey[]): Promise<void>
  /** What the witness was shown. */
  witnessed(note: Uint8Array): void
  /** Answers with this status from now on; 0: as it should. */
  failWith(status: number): void
}

export async function lyingLog(scope: Scope): Promise<LyingLog> {
  const files: Files = new Map()
  const asked: string[] = []
  let status = 0
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    asked.push(path)
    const bytes = files.get(path)
    if (status !== 0) response.writeHead(status, { 'retry-after': '3600' }).end()
    else if (bytes === undefined) response.writeHead(404).end()
    else response.end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    witnessUrl: `${url}/witness`,
    files,
    asked,
    async show(entries, ...cosigners) {
      for (const [path, bytes] of filesOf(entries)) files.set(path, bytes)
      files.set('checkpoint', await noteOver(entries, ...cosigners))
    },
    witnessed: (note) => void files.set(`witness/${originHash(ORIGIN)}/checkpoint`, note),
    failWith(code) {
      status = code
    },
  }
}
