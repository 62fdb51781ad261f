/** Evidence against a log, verified: by what the log itself signed, under keys that the caller states or is shown. */

import { parseBundle } from '../formats/c2sp/bundle.ts'
import { type Evidence, type Found, formatPlace, type Place, type ShownTile } from '../formats/evidence.ts'
import { type Hash, hash, leafIndex, type TreeSize, treeSize } from '../kernel/brand.ts'
import { concat, equal, hex, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { leafHash } from '../kernel/hash.ts'
import { verifyConsistency, verifyInclusion, verifySubtree } from '../kernel/proof.ts'
import { fold, peaks, perfect } from '../kernel/range.ts'
import { nodeFromTile, perfectRoot, TILE_WIDTH, tileWidth } from '../kernel/tile.ts'
import { receive, shown, type VerifiedCheckpoint } from './checkpoint.ts'
import { statedBy } from './log-keys.ts'
import { openLine } from './note-line.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { openStatedCheckpoint, type StatedLogs } from './stated-logs.ts'
import { type Verified, verified } from './verified.ts'

export interface ProvenEvidence {
  readonly kind: Found['kind']
  readonly origin: string
  /**
   * `proven`: signatures contradict each other, whoever shows them. `attested`: what was signed is shown; that the log did
   * what contradicts it is the word of whoever wrote the file.
   */
  readonly weight: 'proven' | 'attested'
  /** One sentence. */
  readonly shows: string
  /** Hex roots. */
  readonly checkpoints: readonly { readonly size: number; readonly root: string }[]
}

const HASH_BYTES = 32

/**
 * @param logs whose keys count; null: those that the file names, so that the caller has to compare them with the log's
 * @throws TlogError EVIDENCE_REFUSED when it does not show what it says; as openStatedCheckpoint does for notes that the log
 *   did not sign, but for QUORUM_MISSED
 */
export async function verifyEvidence(
  { origin, keys, found }: Evidence,
  logs: StatedLogs | null,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<Verified<ProvenEvidence>> {
  const stated = logs === null ? statedBy(keys, mlDsa44) : withoutQuorum(logs)
  const open = async (note: Uint8Array) => {
    const checkpoint = await openStatedCheckpoint(parseUtf8(note), stated)
    if (checkpoint.origin !== origin) throw refused(`a checkpoint of ${shown(checkpoint.origin)}, not ${shown(origin)}`)
    return checkpoint
  }
  const { checkpoints, ...rest } = await judge(found, open, mlDsa44)
  const heads = checkpoints.map(({ size, root }) => ({ size, root: hex(root) }))
  return verified({ kind: found.kind, origin, ...rest, checkpoints: heads })
}

/** Without the witnesses' say: a log lies by its own signature. */
function withoutQuorum({ policy, ...logs }: StatedLogs): StatedLogs {
  return { ...logs, policy: policy === null ? null : { ...policy, witnesses: [], groups: [], quorum: null } }
}

type Open = (note: Uint8Array) => Promise<VerifiedCheckpoint>
type Judged = Pick<ProvenEvidence, 'weight' | 'shows'> & { readonly checkpoints: readonly VerifiedCheckpoint[] }

async function judge(found: Found, open: Open, mlDsa44: VerifyMlDsa44 | null): Promise<Judged> {
  if ('checkpoint' in found) {
    const checkpoint = await open(found.checkpoint)
    return { weight: 'attested', shows: overOne(found, checkpoint), checkpoints: [checkpoint] }
  }
  const [first, second] = [await open(found.first), await open(found.second)]
  const weight = found.kind === 'fork' || found.kind === 'time' ? 'proven' : 'attested'
  const shows = found.kind === 'time' ? await misdated(found, mlDsa44) : overTwo(found, first, second)
  return { weight, shows, checkpoints: [first, second] }
}

function overTwo(
  found: Extract<Found, { kind: 'fork' | 'rollback' | 'stale' | 'consistency' }>,
  first: VerifiedCheckpoint,
  second: VerifiedCheckpoint,
): string {
  const [a, b] = [first.size, second.size]
  if (found.kind === 'fork') return forked(found, first, second)
  if (found.kind === 'consistency') {
    if (!fails(() => verifyConsistency(first, second, found.proof))) throw refused('the proof holds')
    return `the log signed trees of ${a} and of ${b} leaves, and what it gave as the proof that the second holds the first is none`
  }
  if (a <= b) throw refused(`the first tree, of ${a} leaves, is not the larger one`)
  return found.kind === 'rollback'
    ? `the log signed a tree of ${a} leaves, and showed one of ${b} after that`
    : `the log signed a tree of ${a} leaves for a witness, and went on showing one of ${b}`
}

function forked(
  { root, proof }: Extract<Found, { kind: 'fork' }>,
  first: VerifiedCheckpoint,
  second: VerifiedCheckpoint,
): string {
  if (first.size > second.size) throw refused('the first tree is the larger one')
  if (equal(root, first.root)) throw refused('both trees have the same root there')
  verifyConsistency({ size: first.size, root }, second, proof)
  if (first.size === second.size) return `the log signed two roots of ${first.size} leaves`
  return `the log signed a tree of ${first.size} leaves and one of ${second.size}, whose first ${first.size} leaves are others`
}

/** The signer's own lines, whoever signed besides. */
async function misdated(
  { first, second, signer }: Extract<Found, { kind: 'time' }>,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<string> {
  const [a, b] = [receive(first), receive(second)]
  const [before, after] = [await openLine(signer, a, mlDsa44), await openLine(signer, b, mlDsa44)]
  const [early, late] = [before?.time ?? 0, after?.time ?? 0]
  if (early === 0 || late === 0) throw refused(`${shown(signer.name)} does not date both trees`)
  const [grown, later] = [b.checkpoint.size - a.checkpoint.size, late - early]
  if (grown === 0 || later === 0 || grown > 0 === later > 0) throw refused('the larger tree is the later one')
  return `${shown(signer.name)} signed a tree of ${a.checkpoint.size} leaves at ${early} s and one of ${b.checkpoint.size} at ${late} s, each as the largest that it knew`
}

function overOne(
  found: Extract<Found, { kind: 'content' | 'tiles' | 'inclusion' }>,
  checkpoint: VerifiedCheckpoint,
): string {
  const tree = `the tree of ${checkpoint.size} leaves that the log signed`
  if (found.kind === 'tiles') {
    requireUnfinished(found.tiles, checkpoint.size)
    if (rootOfTiles(found.tiles, checkpoint.size, checkpoint.root)) throw refused('the tiles make the signed root')
    return `the unfinished tiles that the log served do not make ${tree}`
  }
  if (found.kind === 'inclusion') {
    const { index, entry, proof } = found
    if (!fails(() => verifyInclusion(leafHash(entry), index, checkpoint, proof))) throw refused('the proof holds')
    return `what the log gave as the proof that its entry ${index} is in ${tree} is none`
  }
  const { place, bytes, root, proof } = found
  const range = rangeOf(place)
  verifySubtree({ ...range, root }, checkpoint, proof)
  if (rootOfFile(place, bytes, root)) throw refused(`${formatPlace(place)} has the leaves that the tree has`)
  return `${formatPlace(place)}, which the log served, has not the leaves ${range.start} to ${range.end - 1} of ${tree}`
}

/** The leaves below a file. @throws TlogError INDEX_OUT_OF_RANGE, SIZE_OUT_OF_RANGE */
export function rangeOf({ level, ...place }: Place): { start: ReturnType<typeof leafIndex>; end: TreeSize } {
  const { index } = place
  if (level === 'entry') return { start: leafIndex(index), end: treeSize(index + 1) }
  const leaves = level === 'entries' ? 1 : TILE_WIDTH ** level
  const width = 'width' in place ? place.width : 1
  const start = index * TILE_WIDTH * leaves
  return { start: leafIndex(start), end: treeSize(start + width * leaves) }
}

/** Whether a file has the root that it should; one that cannot be read has none. */
function rootOfFile(place: Place, bytes: Uint8Array, root: Hash): boolean {
  if (place.level === 'entry') return equal(leafHash(bytes), root)
  const hashes = hashesOf(place.level, bytes, place.width)
  return hashes !== null && equal(foldRange(hashes), root)
}

function hashesOf(level: number | 'entries', bytes: Uint8Array, width: number): readonly Hash[] | null {
  if (level !== 'entries')
    return bytes.length !== width * HASH_BYTES
      ? null
      : Array.from({ length: width }, (_, i) => hash(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)))
  try {
    return parseBundle(bytes, width).map(leafHash)
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}

/** The root over up to 256 neighbours of which the first stands at a multiple of 256. */
export function foldRange(hashes: readonly Hash[]): Hash {
  const parts = perfect({ start: 0, end: hashes.length })
  return fold(
    parts.map(({ level, index }) => perfectRoot(concat(...hashes.slice(index * 2 ** level, (index + 1) * 2 ** level)))),
  )
}

function requireUnfinished(tiles: readonly ShownTile[], size: TreeSize): void {
  const there: string[] = []
  for (let level = 0; TILE_WIDTH ** level <= size; level++) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1))
    const width = tileWidth(level, index, size)
    if (width > 0) there.push(formatPlace({ level, index, width }))
  }
  if (tiles.map(({ tile }) => formatPlace(tile)).join() !== there.join())
    throw refused(`the unfinished tiles of a tree of ${size} are ${there.join(', ')}`)
}

function rootOfTiles(tiles: readonly ShownTile[], size: TreeSize, root: Hash): boolean {
  if (tiles.some(({ tile, bytes }) => bytes.length !== tile.width * HASH_BYTES)) return false
  const byLevel = new Map(tiles.map(({ tile, bytes }) => [tile.level, bytes]))
  const nodes = peaks(size).map((id) => nodeFromTile(byLevel.get(Math.floor(id.level / 8)) ?? new Uint8Array(), id))
  return equal(fold(nodes), root)
}

function fails(check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    if (error instanceof TlogError && error.code === 'PROOF_INVALID') return true
    throw error
  }
}

function refused(why: string): TlogError {
  return new TlogError('EVIDENCE_REFUSED', `it shows nothing against the log: ${why}`)
}
