/**
 * A llamafile taken apart: which runtime it was made of, which weights and other members are in it, with which words it
 * starts; and every byte that none of these explains.
 */

import { TlogError } from '../../kernel/error.ts'
import { type Ape, isAssimilated, readApe } from './ape.ts'
import { type ApeSignature, MAX_APESIG_BYTES, parseApeSignatures } from './apesig.ts'
import { checkArgs, insideWeights, MAX_ARGS_BYTES, readArgs } from './args.ts'
import type { ByteSource, Range } from './byte-source.ts'
import { type FindingCode, Findings, firstNonZero, zerosBefore } from './finding.ts'
import { isGguf } from './gguf.ts'
import { type Layer, readLayers } from './layers.ts'
import type { Slot } from './slot.ts'
import type { Zip, ZipMember } from './zip.ts'
import { isStored } from './zip-directory.ts'
import { END64, LOCATOR } from './zip-records.ts'

export interface Llamafile {
  /** Null where the beginning is not, or no longer, that of one. */
  readonly ape: Ape | null
  /** What readers see: of the whole file. */
  readonly zip: Zip
  /** The earliest first, the last is the file itself. */
  readonly layers: readonly Layer[]
  /** Every byte of the file, once, in order. */
  readonly regions: readonly Region[]
  /** Of the archive's members: by name, by `.args`, or by how they begin. */
  readonly weights: readonly ZipMember[]
  /** In the archive's comment. Null: there is none. */
  readonly slot: Slot | null
  /** Null: it has none, or they cannot be read. */
  readonly args: readonly string[] | null
  /** Of its program's code; null: there are none, or they cannot be read. */
  readonly signatures: readonly ApeSignature[] | null
  /** What decides what runs and is not in its bytes, by itself. */
  readonly runTime: Findings
  /** All of them, the archive's too. */
  readonly findings: Findings
}

export type RegionKind = 'program' | 'header' | 'content' | 'directory' | 'end' | 'padding' | 'unexplained'

export interface Region extends Range {
  readonly kind: RegionKind
  /** Of the member; else empty. */
  readonly name: string
  /** Of an earlier layer, and no longer in the archive. */
  readonly isDead: boolean
}

const HEAD = 8192
const ARGS = '.args'
const APESIG = '.apesig'

/** @throws TlogError MODEL_MALFORMED with the place, in bytes */
export async function readLlamafile(source: ByteSource): Promise<Llamafile> {
  const findings = new Findings()
  const runTime = new Findings()
  const head = await source.read(0, Math.min(HEAD, source.size))
  const ape = readApe(head, runTime)
  if (isAssimilated(head))
    findings.add('HEADER_REWRITTEN', 0, 'a program header was written over its beginning, in place: get the original')
  const layers = await readLayers(source, findings)
  const { zip, slot } = layers.at(-1) as Layer
  findings.addAll(zip.findings)
  const regions = await explain(source, layers, findings)
  const args = await memberOf(source, zip, runTime, {
    ...{ name: ARGS, max: MAX_ARGS_BYTES, code: 'ARGS_MALFORMED' },
    parse: (bytes, at) => {
      const words = readArgs(bytes)
      checkArgs(words, at, runTime)
      return words
    },
  })
  const signatures = await memberOf(source, zip, findings, {
    ...{ name: APESIG, max: MAX_APESIG_BYTES, code: 'APESIG_MALFORMED' },
    parse: parseApeSignatures,
  })
  if (zip.members.filter(({ name }) => name === ARGS).length > 1)
    runTime.add('MEMBER_REPEATED', zip.end.at, `two ${ARGS}: with which words it starts depends on the reader`)
  const weights = await weightsIn(source, zip, args ?? [])
  checkMembers(zip, weights, findings)
  for (const layer of layers) {
    const { at, comment } = layer.zip.end
    if (hasComment(layer))
      findings.add('UNEXPLAINED_BYTES', at, `a comment of ${comment.length} bytes, which is no slot`)
  }
  findings.addAll(runTime)
  return { ape, zip, layers, regions, weights, slot, args, signatures, runTime, findings }
}

/** Whether a layer's archive has any of them: what a runtime has not. */
export function hasWeights({ members }: Zip, weights: readonly ZipMember[]): boolean {
  const places = new Set(weights.map(({ content }) => content.from))
  return members.some(({ name, content }) => name.endsWith(GGUF) || places.has(content.from))
}

const GGUF = '.gguf'
const MAGIC = 4

async function weightsIn(source: ByteSource, { members }: Zip, args: readonly string[]): Promise<ZipMember[]> {
  const named = new Set(insideWeights(args))
  const found: ZipMember[] = []
  for (const member of members) {
    const { name, content } = member
    const head = () => source.read(content.from, Math.min(MAGIC, content.to - content.from))
    if (name.endsWith(GGUF) || named.has(name) || (isStored(member) && isGguf(await head()))) found.push(member)
  }
  return found
}

interface Known<T> {
  readonly name: string
  readonly max: number
  readonly code: FindingCode
  readonly parse: (bytes: Uint8Array, at: number) => T
}

/** Of two of a name the last, as the directory has them. Null: there is none, or it cannot be read. */
async function memberOf<T>(
  source: ByteSource,
  { members }: Zip,
  findings: Findings,
  { name, max, code, parse }: Known<T>,
): Promise<T | null> {
  const member = members.findLast((each) => each.name === name)
  if (member === undefined) return null
  const { from, to } = member.content
  try {
    if (!isStored(member) || to - from > max) throw new TlogError('MODEL_MALFORMED', `not stored, or over ${max} bytes`)
    return parse(await source.read(from, to - from), from)
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    findings.add(code, from, `${name} cannot be read: ${error.message}`)
    return null
  }
}

function checkMembers({ members }: Zip, weights: readonly ZipMember[], findings: Findings): void {
  const [, second] = weights
  if (second !== undefined)
    findings.add(
      'WEIGHTS_SEVERAL',
      second.header.from,
      `${weights.length} files of weights: ${weights.map(({ name }) => name).join(', ')}`,
    )
  for (const member of weights)
    if (!isStored(member))
      findings.add('MEMBER_UNUSUAL', member.header.from, `${member.name}: packed, and weights are read where they lie`)
  const signature = members.find(({ name }) => name === APESIG)
  if (signature !== undefined)
    findings.add(
      'APESIG_METADATA',
      signature.header.from,
      'its signatures are over segments of code alone: no member, no argument, nor who and when it says',
    )
}

/** What each layer knows of, the newest first, and what lies between. */
async function explain(source: ByteSource, layers: readonly Layer[], findings: Findings): Promise<Region[]> {
  const known = new Map<number, Region>()
  for (const [above, layer] of layers.toReversed().entries())
    for (const region of regionsOf(layer, above > 0)) if (!known.has(region.from)) known.set(region.from, region)
  const runtimeEnd = layers.length > 1 ? (layers[0] as Layer).end : 0
  const regions: Region[] = []
  let at = 0
  for (const region of [...known.values()].toSorted((a, b) => a.from - b.from)) {
    if (region.from > at)
      regions.push(...(await between(source, { from: at, to: region.from }, { runtimeEnd, findings })))
    // Where two overlap, as a finding says, each byte is still told of once.
    if (region.to > at) regions.push({ ...region, from: Math.max(at, region.from) })
    at = Math.max(at, region.to)
  }
  if (at < source.size)
    regions.push(...(await between(source, { from: at, to: source.size }, { runtimeEnd, findings })))
  return regions
}

function hasComment({ zip, slot }: Layer): boolean {
  return slot === null && zip.end.comment.length > 0
}

function* regionsOf(layer: Layer, isDead: boolean): Iterable<Region> {
  const { members, end } = layer.zip
  for (const { name, header, content } of members) {
    yield { ...header, kind: 'header', name, isDead }
    if (content.to > content.from) yield { ...content, kind: 'content', name, isDead }
  }
  const { directory, at, isZip64 } = end
  if (directory.to > directory.from) yield { ...directory, kind: 'directory', name: '', isDead }
  const comment = hasComment(layer) ? layer.end - end.comment.length : layer.end
  yield { from: isZip64 ? at - LOCATOR.length - END64.length : at, to: comment, kind: 'end', name: '', isDead }
  // What is in none of the layers' archives is as unexplained below as it is above.
  if (comment < layer.end) yield { from: comment, to: layer.end, kind: 'unexplained', name: '', isDead: false }
}

interface Between {
  /** What the earliest layer has between its members is its program's. */
  readonly runtimeEnd: number
  readonly findings: Findings
}

async function between(source: ByteSource, gap: Range, { runtimeEnd, findings }: Between): Promise<Region[]> {
  const plain = { name: '', isDead: false }
  if (gap.from === 0 || gap.to <= runtimeEnd) {
    const to = gap.to <= runtimeEnd ? gap.to : await zerosBefore(source, gap)
    const padding = { from: to, to: gap.to, kind: 'padding', ...plain } as const
    return [{ from: gap.from, to, kind: 'program' as const, ...plain }, padding].filter(
      (region) => region.to > region.from,
    )
  }
  const from = await firstNonZero(source, gap)
  if (from === gap.to) return [{ ...gap, kind: 'padding', ...plain }]
  findings.add('UNEXPLAINED_BYTES', from, `${gap.to - from} bytes that are in no member, and not all zeros`)
  const regions = [
    { from: gap.from, to: from, kind: 'padding', ...plain },
    { from, to: gap.to, kind: 'unexplained', ...plain },
  ] as const
  return regions.filter((region) => region.to > region.from)
}
