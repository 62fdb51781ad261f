/** `colophon rebuild`: whether a llamafile consists of these parts and nothing else, by fusing it once more. */

import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { parseFlags } from '../config.ts'
import { fileSource } from '../files/file-source.ts'
import { writeSource } from '../files/slot-file.ts'
import type { ByteSource } from '../formats/model/byte-source.ts'
import { firstDifference, fuse, type Part } from '../formats/model/fuse.ts'
import { type Llamafile, readLlamafile } from '../formats/model/llamafile.ts'
import { pieced } from '../formats/model/pieces.ts'
import { findSlot } from '../formats/model/slot.ts'
import { visible } from '../formats/visible.ts'
import { TlogError } from '../kernel/error.ts'
import { bytesBar } from './verify/subject.ts'
import type { Command, ExitCode, World } from './world.ts'

export const rebuild: Command = {
  name: 'rebuild',
  usage: `colophon rebuild FILE --runtime FILE [NAME=]PATH… [--output FILE]

  Fuses a llamafile once more, as the llamafile project's zipalign does: the runtime (or an earlier llamafile), and
  behind it each PATH as a member of its name, or of NAME. Order, times, modes and alignment are those of FILE; all else
  follows from the parts. When the bytes are the same, FILE is these parts and nothing else. A slot is left out.

  --output  writes what was fused; must not exist

  Exit code 0: the same bytes. 1: others. 2: wrong use. 3: it could not be done.`,

  async run(argv, world): Promise<ExitCode> {
    const { flags, words } = parseFlags(argv, ['runtime', 'output'], [])
    const [path, ...named] = words
    const { runtime, output } = flags
    if (path === undefined || runtime === undefined)
      throw new TlogError('CONFIG_INVALID', 'rebuild takes a FILE, --runtime FILE, and what is behind it')
    const files = new OpenFiles()
    try {
      return await compare({ path, runtime, named, output }, files, world)
    } finally {
      await files.close()
    }
  },
}

interface Job {
  readonly path: string
  readonly runtime: string
  readonly named: readonly string[]
  readonly output: string | undefined
}

async function compare({ path, runtime, named, output }: Job, files: OpenFiles, world: World): Promise<ExitCode> {
  const whole = await files.open(path)
  const slot = await findSlot(whole)
  const file = slot === null ? whole : pieced(whole, slot.stripped)
  const taken = await readLlamafile(file)
  const parts = new Map<string, Part>()
  for (const word of named) {
    const [name, place] = nameOf(word)
    const content = await files.open(place)
    parts.set(name, { content, crc32: await crcOf(content) })
  }
  const fused = await fuse(taken.zip, await files.open(runtime), parts)
  if (output !== undefined) await writeSource(fused, output)
  const differs = await firstDifference(file, fused, bytesBar(path, world))
  const of = [runtime, ...named].map(visible).join(' + ')
  if (differs === null) world.print(`THE SAME: ${visible(path)} is ${of}, ${file.size} bytes, and nothing else\n`)
  else world.print(`NOT THE SAME: ${visible(path)} differs from ${of} at byte ${differs}${placeOf(taken, differs)}\n`)
  return differs === null ? 0 : 1
}

/** By its file's name, unless it has another one. */
function nameOf(word: string): [name: string, path: string] {
  const [, name, path] = /^([^=/]+)=(.+)$/s.exec(word) ?? []
  return name !== undefined && path !== undefined ? [name, path] : [word.split('/').at(-1) ?? word, word]
}

function placeOf({ regions }: Llamafile, at: number): string {
  const region = regions.find(({ from, to }) => from <= at && at < to)
  if (region === undefined) return ', where one of them ends'
  return `, in the ${region.kind}${region.name === '' ? '' : ` of ${visible(region.name)}`}`
}

const STEP = 1024 * 1024

async function crcOf(source: ByteSource): Promise<number> {
  let crc = 0
  for (let at = 0; at < source.size; at += STEP)
    crc = crc32(await source.read(at, Math.min(STEP, source.size - at)), crc)
  return crc
}

class OpenFiles {
  readonly #files: FileHandle[] = []

  async open(path: string): Promise<ByteSource> {
    const file = await open(path)
    this.#files.push(file)
    return fileSource(file, (await file.stat()).size)
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close()
  }
}
