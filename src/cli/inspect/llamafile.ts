/** Llamafiles, and other programs and archives of their form: taken apart. */

import { isAssimilated, nameOfMachine, readApe } from '../../formats/model/ape.ts'
import type { ApeSignature } from '../../formats/model/apesig.ts'
import type { ByteSource } from '../../formats/model/byte-source.ts'
import { within } from '../../formats/model/byte-source.ts'
import { Findings } from '../../formats/model/finding.ts'
import { readGguf } from '../../formats/model/gguf.ts'
import type { Layer } from '../../formats/model/layers.ts'
import { hasWeights, type Llamafile, type Region, readLlamafile } from '../../formats/model/llamafile.ts'
import type { ZipMember } from '../../formats/model/zip.ts'
import { isStored } from '../../formats/model/zip-directory.ts'
import { hasArchiveEnd } from '../../formats/model/zip-end.ts'
import { summary } from './gguf.ts'
import type { Kind } from './kind.ts'
import type { Logged } from './logged-by.ts'
import { digestsNode, findingsNode, slotNode } from './show-model.ts'
import {
  attemptAsync,
  bytes,
  type Content,
  detail,
  list,
  type Node,
  number,
  part,
  parts,
  text,
  time,
  word,
} from './tree.ts'

export const llamafile: Kind = {
  name: 'llamafile',
  title: 'a llamafile, or a program of its kind',
  isModel: true,
  recognise({ head, tail }) {
    if (readApe(head, new Findings()) !== null) return 'its first eight bytes'
    return isAssimilated(head) && hasArchiveEnd(tail) ? 'a program in front, and the end of an archive' : null
  },
  async show({ source, digests, askLog }) {
    const taken = await readLlamafile(source)
    const { ape, zip, layers, args, regions, slot, signatures, findings } = taken
    const prefixes = layers.map(({ end }) => [{ from: 0, to: end }])
    const unslotted = layers.map((layer) => layer.slot?.stripped ?? [])
    const contents = zip.members.map(({ content }) => [content])
    const found = await digests([...prefixes, ...unslotted, ...contents])
    const hashed = layers.map((layer, i) => ({
      ...layer,
      digest: found?.[i],
      unslotted: layer.slot && found?.[layers.length + i],
    }))
    const shownLayers = await eachInTurn(hashed, async (layer, i) =>
      showLayer(layer, nameOf(layer, i, taken), await askLog(layer.unslotted ?? layer.digest)),
    )
    const isWeights = new Set(taken.weights)
    const members = await eachInTurn(zip.members, async (member, i) => {
      const digest = found?.[2 * layers.length + i]
      const isAsked = isStored(member) && (i < MEMBERS_ASKED || isWeights.has(member))
      return { ...showMember(member, digest, isAsked ? await askLog(digest) : null), isWeights: isWeights.has(member) }
    })
    const weights = await eachInTurn(taken.weights, (member) => showWeights(source, member))
    return parts(
      ape === null
        ? null
        : part('program', parts(part('magic', text(ape.magic)), part('processors', list(ape.machines, text)))),
      verdictNode({ layers: shownLayers, members, args, regions }),
      part(
        'layers',
        list(shownLayers, ({ content }) => content),
        LAYERS,
      ),
      part(
        'members',
        list(members, ({ content }) => content),
      ),
      part(
        'weights',
        list(weights, (shown) => shown),
      ),
      args === null ? null : part('arguments', list(args, text), 'what it is started with'),
      signatures === null ? null : part('signatures of the code', list(signatures, showSignature), UNCHECKED),
      part('bytes', parts(...sums(regions))),
      detail(part('regions', list(regions, showRegion))),
      found === null ? digestsNode(null) : null,
      slotNode(slot, hashed.at(-1)?.unslotted),
      findingsNode(findings),
    )
  },
}

/** Beyond so many only weights are asked for: a program has hundreds of small files. */
const MEMBERS_ASKED = 64

/** A part, and what a log has of it: null where none is asked. */
interface Shown {
  readonly what: string
  readonly content: Content
  readonly isLogged: boolean | null
}

/** One by one: a server is asked for each. */
async function eachInTurn<T, R>(items: readonly T[], show: (item: T, i: number) => Promise<R>): Promise<R[]> {
  const shown: R[] = []
  for (const [i, item] of items.entries()) shown.push(await show(item, i))
  return shown
}

interface TakenApart extends Pick<Llamafile, 'args' | 'regions'> {
  readonly layers: readonly Shown[]
  readonly members: readonly (Shown & { readonly isWeights: boolean })[]
}

/** What it consists of, in a line; null where no log is asked. */
function verdictNode({ layers, members, args, regions }: TakenApart): Node | null {
  const whole = layers.at(-1)
  if (whole === undefined || whole.isLogged === null) return null
  const runtime = layers.length > 1 ? known(layers[0] as Shown) : 'a runtime that is not told apart'
  const weights = members.filter((member) => member.isWeights).map(known)
  const unexplained = sumOf(regions, ({ kind }) => kind === 'unexplained')
  const words = args === null ? 'no arguments' : `${args.length} arguments`
  return part(
    'made of',
    list([runtime, ...weights, words, `${unexplained} unexplained bytes`], text),
    whole.isLogged ? 'and as a whole it is logged' : 'as a whole no entry about it was shown to be in the log',
  )
}

function known({ what, isLogged }: Shown): string {
  return `${what}: ${isLogged === true ? 'logged' : 'not shown to be logged'}`
}

const LAYERS = 'each is the beginning of the file, up to an end that it once had; the last is the file itself'

interface HashedLayer extends Layer {
  readonly digest: Uint8Array | undefined
  /** Of what it was without its slot. */
  readonly unslotted: Uint8Array | null | undefined
}

function nameOf({ zip }: Layer, i: number, { weights }: Llamafile): string {
  return i === 0 && !hasWeights(zip, weights) ? 'the runtime' : 'a llamafile'
}

function showLayer({ end, digest, unslotted }: HashedLayer, what: string, logged: Logged | null): Shown {
  const content = parts(
    part('what', word(what)),
    part('bytes', number(end)),
    digest === undefined ? null : part('sha256', bytes(digest)),
    unslotted ? part('sha256 signed', bytes(unslotted), 'of what it is without its slot') : null,
    logged?.node ?? null,
  )
  return { what, content, isLogged: logged?.isLogged ?? null }
}

function showMember(member: ZipMember, digest: Uint8Array | undefined, logged: Logged | null): Shown {
  const { name, content, method } = member
  const shown = parts(
    part('name', text(name)),
    part('at', number(content.from)),
    part('bytes', number(content.to - content.from)),
    isStored(member) ? null : part('packed by method', number(method)),
    digest === undefined ? null : part('sha256', bytes(digest), isStored(member) ? undefined : 'as it is packed'),
    logged?.node ?? null,
  )
  return { what: name, content: shown, isLogged: logged?.isLogged ?? null }
}

async function showWeights(source: ByteSource, { name, content }: ZipMember): Promise<Content> {
  return await attemptAsync(async () => {
    const { fields, tensors, findings } = await readGguf(within(source, content))
    const said = [...summary(fields), part('tensors', number(tensors.length)), findingsNode(findings)]
    return parts(part('member', text(name)), ...said)
  })
}

const UNCHECKED =
  'by .apesig, over code alone and not checked here; path, times, identity and GitHub user are in no signature'

function showSignature({ publicKey, machines, path, issued, expires, identity, github }: ApeSignature): Content {
  const claimed = [
    ['path', path],
    ['identity', identity],
    ['GitHub user', github],
  ] as const
  return parts(
    part('public key', bytes(publicKey)),
    part(
      'processors',
      list(machines, ({ machine, segments }) => word(`${nameOfMachine(machine)}, ${segments} segments`)),
    ),
    ...claimed.map(([label, said]) => (said === '' ? null : part(label, text(said)))),
    issued === 0 ? null : part('issued', time(issued * 1000)),
    expires === 0 ? null : part('expires', time(expires * 1000)),
  )
}

/** How much of the file is of which kind. */
function sums(regions: readonly Region[]): Node[] {
  const sum = (of: (region: Region) => boolean) => number(sumOf(regions, of))
  return [
    part(
      'program',
      sum(({ kind }) => kind === 'program'),
    ),
    part(
      'members',
      sum(({ kind, isDead }) => kind === 'content' && !isDead),
    ),
    part(
      'records of the archive',
      sum(({ kind, isDead }) => ['header', 'directory', 'end'].includes(kind) && !isDead),
    ),
    part(
      'padding',
      sum(({ kind }) => kind === 'padding'),
      'zeros',
    ),
    part(
      'of earlier layers',
      sum(({ isDead }) => isDead),
      'no longer in the archive',
    ),
    part(
      'unexplained',
      sum(({ kind }) => kind === 'unexplained'),
    ),
  ]
}

function sumOf(regions: readonly Region[], of: (region: Region) => boolean): number {
  return regions.filter(of).reduce((total, { from, to }) => total + to - from, 0)
}

function showRegion({ from, to, kind, name, isDead }: Region): Content {
  return parts(
    part('from', number(from)),
    part('to', number(to)),
    part('what', word(isDead ? `${kind} of an earlier layer` : kind)),
    name === '' ? null : part('member', text(name)),
  )
}
