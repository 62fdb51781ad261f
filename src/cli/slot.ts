/** `colophon slot`: bundle and proof inside a model's file, so that they travel with it. */

import { existsSync } from 'node:fs'
import { parseFlags } from '../config.ts'
import { digestFile } from '../files/digest-file.ts'
import { readBounded } from '../files/read-bounded.ts'
import { digestSigned, slotOf, withSource, writePieces } from '../files/slot-file.ts'
import { parseTlogProof } from '../formats/c2sp/tlog-proof.ts'
import { addSlot, findSlot } from '../formats/model/slot.ts'
import { formatSlotLines } from '../formats/model/slot-lines.ts'
import { MAX_PAYLOAD } from '../formats/model/slot-payload.ts'
import { parseSigstoreBundle } from '../formats/sigstore/bundle.ts'
import { safeJson, visible } from '../formats/visible.ts'
import { hex, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { requireAbout } from './slot-bundle.ts'
import { bytesBar } from './verify/subject.ts'
import type { Command, ExitCode, World } from './world.ts'

const BUNDLE_MAX_BYTES = 4 * MAX_PAYLOAD
const SHA256 = new Set(['SHA2_256'] as const)

export const slot: Command = {
  name: 'slot',
  usage: `colophon slot add FILE [--bundle FILE] [--proof FILE] [--output FILE]
colophon slot strip FILE [--output FILE]
colophon slot show FILE [--json]

  A model in GGUF, in safetensors or a llamafile carries the proof of where it comes from: behind its weights, in its
  header's metadata, in its archive's comment. It runs and loads as before. Taken out again, the slot leaves the exact
  bytes that were signed, and those are what \`colophon verify\` looks at.

  add    puts in the bundle and the proof file: FILE.sigstore.json and FILE.tlog-proof, unless one is named. Refused for
         a bundle that is about another file; whether it is any good, verify tells
  strip  takes them out
  show   prints what is there, unverified

  --output  in place of FILE itself; must not exist

  Exit code 0: done. 1: there is no slot. 2: wrong use. 3: it could not be done.`,

  async run([action, ...argv], world): Promise<ExitCode> {
    if (action === 'add') return await add(argv, world)
    if (action === 'strip') return await strip(argv, world)
    if (action === 'show') return await show(argv, world)
    throw new TlogError('CONFIG_INVALID', 'slot takes add, strip or show, and a FILE')
  },
}

async function add(argv: readonly string[], world: World): Promise<ExitCode> {
  const { flags, words } = parseFlags(argv, ['bundle', 'proof', 'output'], [])
  const path = fileOf(words)
  const isNamed = flags.bundle !== undefined || flags.proof !== undefined
  const beside = (suffix: string) => (!isNamed && existsSync(path + suffix) ? path + suffix : undefined)
  const bundle = await read(flags.bundle ?? beside('.sigstore.json'))
  const proof = await read(flags.proof ?? beside('.tlog-proof'))
  if (bundle === null && proof === null)
    throw new TlogError('NOT_FOUND', `nothing to put in: there is no ${path}.sigstore.json, no ${path}.tlog-proof`)
  if (proof !== null) parseTlogProof(proof)
  if (bundle !== null) requireAbout(parseSigstoreBundle(bundle), await sha256Of(path, world), path)
  const payload = formatSlotLines(bundle, proof === null ? null : parseUtf8(proof))
  const { carrier, pieces } = await withSource(path, (source) => addSlot(source, payload))
  await writePieces(path, pieces, flags.output ?? path)
  world.print(`${visible(flags.output ?? path)}: ${payload.length} bytes in its slot (${carrier})\n`)
  return 0
}

async function strip(argv: readonly string[], world: World): Promise<ExitCode> {
  const { flags, words } = parseFlags(argv, ['output'], [])
  const path = fileOf(words)
  const found = await slotOf(path)
  if (found === null) return nothing(path, world)
  await writePieces(path, found.stripped, flags.output ?? path)
  world.print(`${visible(flags.output ?? path)}: without its slot (${found.carrier})\n`)
  return 0
}

async function show(argv: readonly string[], world: World): Promise<ExitCode> {
  const { on, words } = parseFlags(argv, [], ['json'])
  const path = fileOf(words)
  const found = await withSource(path, findSlot)
  if (found === null) return nothing(path, world)
  const { carrier, payload } = found
  const bar = bytesBar(path, world)
  const [stripped, whole] = [await digestSigned(path, SHA256, bar), await digestFile(path, SHA256, bar)]
  const digests = { stripped: hexOf(stripped), distributed: hexOf(whole) }
  const lines = parseUtf8(payload).slice(0, -1).split('\n')
  if (on.has('json')) world.print(`${safeJson({ carrier, bytes: payload.length, ...digests, lines })}\n`)
  else
    world.print(
      `NOT VERIFIED: this shows what is there; \`colophon verify\` checks it\n\ncarrier      ${carrier}\nwithout it   sha256:${digests.stripped}\nas it is     sha256:${digests.distributed}\n\n${lines.map((line) => `${visible(line)}\n`).join('')}`,
    )
  return 0
}

function nothing(path: string, world: World): ExitCode {
  world.warn(`${visible(path)}: there is no slot in it`)
  return 1
}

function fileOf([path, ...rest]: readonly string[]): string {
  if (path === undefined || rest.length > 0) throw new TlogError('CONFIG_INVALID', 'slot takes one FILE')
  return path
}

async function read(path: string | undefined): Promise<Uint8Array | null> {
  if (path === undefined) return null
  const bytes = await readBounded(path, BUNDLE_MAX_BYTES)
  if (bytes.length <= BUNDLE_MAX_BYTES) return bytes
  throw new TlogError('SLOT_MALFORMED', `${path}: more than ${BUNDLE_MAX_BYTES} bytes`)
}

async function sha256Of(path: string, world: World): Promise<Uint8Array> {
  return (await digestFile(path, SHA256, bytesBar(path, world))).get('SHA2_256') as Uint8Array
}

function hexOf(digests: ReadonlyMap<string, Uint8Array>): string {
  return hex(digests.get('SHA2_256') ?? new Uint8Array())
}
