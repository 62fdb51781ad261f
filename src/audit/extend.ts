/** From the tree that was verified to a newer one: every entry between them is read, and makes the root that was signed. */

import { Edge } from '../kernel/edge.ts'
import { TlogError } from '../kernel/error.ts'
import { TILE_WIDTH } from '../kernel/tile.ts'
import type { VerifiedCheckpoint } from '../verify/checkpoint.ts'
import type { Audit } from './audit.ts'
import { againstTiles, compareHeads, findFalse } from './diagnose.ts'
import { edgeAt, edgeFromTiles, edgeTiles } from './edge-tiles.ts'
import { walk } from './walk.ts'

/** Bundles between two savings: 65,536 entries. */
const SAVE_EVERY = 256

/**
 * @param again from the first entry on, whatever was verified before
 * @throws TlogError NOT_FOUND, CONTENT_WITHHELD; as the log's port does
 */
export async function extend(audit: Audit, head: VerifiedCheckpoint, again: boolean): Promise<void> {
  const { log, onProgress, isStopping } = audit.parts
  const begun = await begin(audit, again)
  const { edge } = begun
  const heads = await headsUpTo(audit, head, begun.target)
  const from = edge.size
  onProgress(from, head.size)
  let bundles = 0
  const saved = (edge: Edge) => {
    onProgress(edge.size, head.size)
    const isLast = edge.size === head.size
    const stops = isStopping() && !isLast
    if (!again && !isLast && (stops || ++bundles % SAVE_EVERY === 0))
      audit.change({ reading: { note: head.note, size: edge.size, tiles: edgeTiles(edge) } })
    if (stops) throw new TlogError('LOG_CLOSED', `stopped after ${edge.size} of ${head.size} leaves`)
  }
  const walked = await present(audit, () => walk({ log, edge, size: head.size, heads, onProgress: saved }))
  audit.report.read += edge.size - from
  if (!walked.whole) return await accuse(audit, head, heads, again ? 0 : begun.verified)
  for (const found of await againstTiles(log, head, walked.falseTiles))
    await audit.find(found, 'the entries are those of the tree, and this tile is not')
  audit.change({ verified: { note: head.note, tiles: edgeTiles(edge) }, reading: null, missing: null })
}

interface Begun {
  readonly edge: Edge
  /** Leaves that were verified before. */
  readonly verified: number
  /** The head that reading was under way to. */
  readonly target: VerifiedCheckpoint | null
}

async function begin(audit: Audit, again: boolean): Promise<Begun> {
  const { verified, reading } = audit.state
  const known = verified === null ? null : await audit.openOwn(verified.note)
  const target = reading === null ? null : await audit.openOwn(reading.note)
  const size = known?.size ?? 0
  if (again) return { edge: new Edge(), verified: size, target }
  if (reading !== null) return { edge: edgeFromTiles(reading.size, reading.tiles), verified: size, target }
  if (known === null || verified === null) return { edge: new Edge(), verified: 0, target }
  return { edge: edgeAt(known, verified.tiles), verified: size, target }
}

/** All that the log ever signed before the auditor's eyes, and where this tree comes by. Smallest first. */
async function headsUpTo(
  audit: Audit,
  head: VerifiedCheckpoint,
  target: VerifiedCheckpoint | null,
): Promise<VerifiedCheckpoint[]> {
  const { verified, ahead } = audit.state
  const notes = [...(verified === null ? [] : [verified.note]), ...ahead.map(({ note }) => note)]
  const heads = [...(await Promise.all(notes.map(audit.openOwn))), ...(target === null ? [] : [target])]
  return [...heads.filter(({ size }) => size <= head.size), head].toSorted((a, b) => a.size - b.size)
}

/** What is not shown may be a moment later; what stays away is withheld. */
async function present<T>(audit: Audit, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof TlogError) || error.code !== 'NOT_FOUND') throw error
    const { clock, graceMs } = audit.parts
    const now = clock.now()
    const { missing } = audit.state
    const since = missing?.what === error.message ? missing.since : now
    if (missing?.what !== error.message) audit.change({ missing: { what: error.message, since } })
    if (now - since < graceMs) throw error
    throw new TlogError('CONTENT_WITHHELD', `for ${Math.round((now - since) / 1000)} s ${error.message}`, {
      cause: error,
    })
  }
}

/** Something was false: two heads, or what is served. @throws TlogError SERVICE_REFUSED when it is no more */
async function accuse(
  audit: Audit,
  head: VerifiedCheckpoint,
  heads: readonly VerifiedCheckpoint[],
  verified: number,
): Promise<void> {
  const { log } = audit.parts
  audit.change({ reading: null })
  for (const other of heads) {
    const found = other === head ? null : await compareHeads(log, other, head)
    if (found !== null) return await audit.find(found, 'read from the log when it had signed both')
  }
  const start = Math.floor(verified / TILE_WIDTH) * TILE_WIDTH
  const found = await findFalse(log, head, log.kind === 'tiles' ? start : verified, audit.openOwn)
  if (found === null)
    throw new TlogError('SERVICE_REFUSED', 'what it served did not make the signed root, and is another now')
  await audit.find(found, 'served by the log')
}
