/**
 * Layers of a file that more was appended to: zipalign writes behind the end, pads, and never changes what is there. So
 * every earlier state of the file is its beginning, up to the end record that it had.
 */

import { TlogError } from '../../kernel/error.ts'
import { type ByteSource, type Range, within } from './byte-source.ts'
import { type Findings, zerosBefore } from './finding.ts'
import { findSlot, type Slot } from './slot.ts'
import { readZip, type Zip } from './zip.ts'
import { END, hasRecord, readRecord } from './zip-records.ts'

/** What the file once was. */
export interface Layer {
  /** Its length: the file's beginning up to there. */
  readonly end: number
  readonly zip: Zip
  /** The slot that it carried then. */
  readonly slot: Slot | null
}

const MAX_LAYERS = 64
const MAX_COMMENT = 65_535

/** The earliest first, the last is the file itself. @throws TlogError MODEL_MALFORMED as readZip does, of the last */
export async function readLayers(source: ByteSource, findings: Findings): Promise<Layer[]> {
  const layers: Layer[] = [await readLayer(source, source.size)]
  for (;;) {
    const above = layers[0] as Layer
    const end = await earlierEnd(source, above.zip)
    if (end === null) return layers
    if (layers.length === MAX_LAYERS) {
      findings.add('LAYERS_UNKNOWN', end, `more than ${MAX_LAYERS} layers: those below are not told apart`)
      return layers
    }
    try {
      layers.unshift(await readLayer(source, end))
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      findings.add('LAYERS_UNKNOWN', end, `what ends here is no archive by itself: ${error.message}`)
      return layers
    }
  }
}

async function readLayer(source: ByteSource, end: number): Promise<Layer> {
  const file = within(source, { from: 0, to: end })
  return { end, zip: await readZip(file), slot: await findSlot(file) }
}

/** The last end record in front of any member with nothing but zeros between them: there the file ended before that one. */
async function earlierEnd(source: ByteSource, { members }: Zip): Promise<number | null> {
  for (let i = members.length - 1; i >= 0; i--) {
    const gap = { from: members[i - 1]?.content.to ?? 0, to: (members[i] as { header: Range }).header.from }
    const end = gap.from < gap.to ? await endIn(source, gap) : null
    if (end !== null) return end
  }
  return null
}

async function endIn(source: ByteSource, gap: Range): Promise<number | null> {
  const written = await zerosBefore(source, gap)
  if (written === gap.from) return null
  const start = Math.max(gap.from, written - MAX_COMMENT - END.length)
  const to = Math.min(gap.to, written + END.length)
  const bytes = await source.read(start, to - start)
  for (let at = bytes.length - END.length; at >= 0; at--) {
    if (!hasRecord(END, bytes, at)) continue
    const { count, hereCount, commentLength } = readRecord(END, bytes, at, start)
    const end = start + at + END.length + commentLength
    if (count === hereCount && end >= written && end <= gap.to) return end
  }
  return null
}
