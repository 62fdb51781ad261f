/** The formats of C2SP. */

import { formatBundle, parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { formatCheckpoint, parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { parseCosignature } from '../../src/formats/c2sp/cosignature.ts'
import { formatNote, formatSignatureLine, parseNote, parseSignatureLine } from '../../src/formats/c2sp/note.ts'
import { formatPolicy, parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof, parseTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import { concat, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { parseTilePath, tilePath } from '../../src/kernel/tile.ts'
import { oneMeaning, oneSpelling, oneSpellingOfText, type Target } from './oracle.ts'
import { bundles, examples, json, texts, vector } from './seeds.ts'

const checkpointNotes = () => [
  ...Object.values(examples().checkpoints),
  ...bundles().flatMap(({ entries }) => entries.map(({ proof }) => proof?.checkpoint ?? '')),
]

const vkeys = () => {
  const { validVkeys } = json<{ validVkeys: string[] }>('formats/vkeys.json')
  return [...Object.values(examples().vkeys), ...validVkeys]
}

const WITNESSED = 'log L\nwitness A W\nwitness B V https://w.example/\ngroup G 2 A B\n# x\nquorum G\n'

function policies(): string[] {
  const { log = '', witness = '', witnessPQ = '' } = examples().vkeys
  const whole = WITNESSED.replace('L', log).replace(' W\n', ` ${witness}\n`).replace(' V ', ` ${witnessPQ} `)
  return [whole, `log ${log} https://l\nquorum none\n`, `\twitness A  ${witness}\ngroup G any A\nquorum G\n`]
}

/** The first byte is the width less one; a file's own name says it. */
const bundle = oneSpelling(
  (bytes) => parseBundle(bytes.subarray(1), (bytes[0] ?? 0) + 1),
  (entries) => concat(Uint8Array.of(entries.length - 1), formatBundle(entries)),
)

const cosignature = oneSpelling(
  (bytes) => parseCosignature(bytes, 64),
  ({ time, signature }) => {
    const head = new Uint8Array(8)
    new DataView(head.buffer).setBigUint64(0, BigInt(time))
    return concat(head, signature)
  },
)

export const C2SP: readonly Target[] = [
  {
    name: 'note',
    seeds: () => [...texts(...checkpointNotes()), vector('torchwood/mldsa-checkpoint.note')],
    run: oneSpelling(parseNote, formatNote),
  },
  {
    name: 'signature-line',
    seeds: () => texts(`${examples().cosignatureLine.trim()}\n`, `${examples().cosignatureLineMlDsa.trim()}\n`),
    run: oneSpellingOfText(parseSignatureLine, formatSignatureLine),
  },
  {
    name: 'cosignature',
    seeds: () => [parseSignatureLine(`${examples().cosignatureLine.trim()}\n`).signature],
    run: cosignature,
  },
  { name: 'vkey', seeds: () => texts(...vkeys()), run: oneSpellingOfText(parseVkey, formatVkey) },
  {
    name: 'checkpoint',
    seeds: () => texts(...checkpointNotes()).flatMap((note) => (note.length === 0 ? [] : [parseNote(note).text])),
    run: oneSpelling(parseCheckpoint, formatCheckpoint),
  },
  { name: 'policy', seeds: () => texts(...policies()), run: oneMeaning(parsePolicy, formatPolicy) },
  {
    name: 'tlog-proof',
    seeds: () => texts(examples().tlogProof, examples().tlogProof.replace('index', 'extra YWJj\nindex')),
    run: oneSpelling(parseTlogProof, formatTlogProof),
  },
  {
    name: 'entry-bundle',
    seeds: () => [concat(Uint8Array.of(1), formatBundle([utf8('a'), new Uint8Array()])), Uint8Array.of(0, 0, 0)],
    run: bundle,
  },
  {
    name: 'tile-path',
    seeds: () => texts('tile/0/x001/x234/067.p/12', 'tile/entries/000', 'tile/63/001.p/255'),
    run: oneSpelling(
      (bytes) => parseTilePath(parseUtf8(bytes)),
      (tile) => utf8(tilePath(tile)),
    ),
  },
]
