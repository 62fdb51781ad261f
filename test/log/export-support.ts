/** A copy of a log in memory, and a log to copy. */

import { createHash } from 'node:crypto'
import { concat, equal, utf8 } from '../../src/kernel/bytes.ts'
import { TlogError } from '../../src/kernel/error.ts'
import type { ReadResource } from '../../src/log/copy.ts'
import type { ExportTarget } from '../../src/log/export.ts'
import type { LeafFacts } from '../../src/log/facts.ts'
import type { Attachment, ContentName, DigestAlgorithm, Entry, LookupKey } from '../../src/log/ports.ts'
import { entry, inTime, start, type World } from './support.ts'

export interface MemoryTarget extends ExportTarget {
  readonly files: Map<string, Uint8Array>
}

/** `before` is called with every change, and may throw in its place. */
export function memoryTarget(
  files = new Map<string, Uint8Array>(),
  before = (_: string): void => undefined,
): MemoryTarget {
  return {
    files,
    read: readFiles(files),
    async add(path, bytes) {
      before(`add ${path}`)
      const held = files.get(path)
      if (held !== undefined && !equal(held, bytes)) throw new TlogError('COPY_REFUSED', `${path} has other content`)
      files.set(path, bytes.slice())
    },
    async flush() {
      before('flush')
    },
    async replace(path, bytes) {
      before(`replace ${path}`)
      files.set(path, bytes.slice())
    },
    async remove(path) {
      before(`remove ${path}`)
      files.delete(path)
    },
    async removePartials(path) {
      before(`remove ${path}.p`)
      for (const name of files.keys()) if (name.startsWith(`${path}.p/`)) files.delete(name)
    },
  }
}

export function readFiles(files: ReadonlyMap<string, Uint8Array>): ReadResource {
  return async (path, maxBytes) => {
    const found = files.get(path)
    if (found !== undefined && found.length > maxBytes) throw new TlogError('COPY_REFUSED', `${path} is too large`)
    return found?.slice() ?? null
  }
}

export function digest(algorithm: DigestAlgorithm, content: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(content).digest())
}

export function contentOf(i: number): Uint8Array {
  return utf8(`content of ${i}`)
}

/** Every third leaf names content, and is found under a key. */
export function attached(i: number): Entry {
  if (i % 3 !== 0) return entry(i)
  const content = contentOf(i)
  const attachments: Attachment[] = [{ algorithm: 'sha256', digest: digest('sha256', content), content }]
  return entry(i, { attachments, keys: [...facts(utf8(`entry ${i}`)).keys, ...keysOf(content)] })
}

/** A statement would lead to its subjects. */
export function keysOf(content: Uint8Array): readonly LookupKey[] {
  return [{ key: digest('sha256', concat(utf8('about '), content)), source: 'attachment' }]
}

/** Leaf 6 takes back the content of leaf 3, when its own says so. */
export function withdraws(leaf: Uint8Array, content: Uint8Array): ContentName | null {
  return equal(leaf, utf8('entry 6')) && equal(content, contentOf(6)) ? WITHDRAWN : null
}

export const WITHDRAWN: ContentName = { algorithm: 'sha256', digest: digest('sha256', contentOf(3)) }

const PLAIN = { statementOf: () => null }

export function facts(leaf: Uint8Array): LeafFacts {
  const [, number = ''] = /^entry (\d+)$/.exec(new TextDecoder().decode(leaf)) ?? []
  if (number === '') throw new TlogError('ENTRY_MALFORMED', 'not a leaf of this test')
  if (Number(number) % 3 !== 0) return { keys: [], attachments: [] }
  const key = digest('sha256', leaf)
  return {
    keys: [{ key, source: 'leaf' }],
    attachments: [{ algorithm: 'sha256', digest: digest('sha256', contentOf(Number(number))), key, keysOf, ...PLAIN }],
  }
}

/** Adds entries `from` … `to` − 1 and publishes them. */
export async function grow(world: World, from: number, to: number): Promise<void> {
  const { log } = await start(world, { limits: { waitMs: 1_000_000, unpublished: 1_000_000 } })
  const wanted = Array.from({ length: to - from }, (_, i) => attached(from + i))
  for (let at = 0; at < wanted.length; at += 2048)
    await inTime(world.clock, Promise.all(wanted.slice(at, at + 2048).map((one) => log.add(one))))
  await inTime(world.clock, log.close())
}
