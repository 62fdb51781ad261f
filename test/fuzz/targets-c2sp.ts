/** The formats of C2SP. */

import { formatBundle, parseBundle } from '../../src/formats/c2sp/bundle.ts'
import { formatCheckpoint, parseCheckpoint } from '../../src/formats/c2sp/checkpoint.ts'
import { formatCosignature, parseCosignature } from '../../src/formats/c2sp/cosignature.ts'
import { type LogList, parseLogList } from '../../src/formats/c2sp/log-list.ts'
import { formatNote, formatSignatureLine, parseNote, parseSignatureLine } from '../../src/formats/c2sp/note.ts'
import { formatPolicy, parsePolicy } from '../../src/formats/c2sp/policy.ts'
import { formatTlogProof, parseTlogProof } from '../../src/formats/c2sp/tlog-proof.ts'
import { formatVkey, parseVkey } from '../../src/formats/c2sp/vkey.ts'
import {
  formatAddCheckpoint,
  parseAddCheckpoint,
  parseSignSubtree,
  type SignSubtree,
} from '../../src/formats/c2sp/witness-request.ts'
import { formatEvidence, parseEvidence } from '../../src/formats/evidence.ts'
import { base64, concat, parseUtf8, utf8 } from '../../src/kernel/bytes.ts'
import { parseTilePath, tilePath } from '../../src/kernel/tile.ts'
import { evidenceOf, FOUND } from '../audit/evidence-samples.ts'
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

function listOf(vkey: string): string {
  return `# x\n logs/v0\n\nvkey ${vkey}\norigin a b\nqpd 24\ncontact c\n`
}

/** The first byte is the width less one; a file's own name says it. */
const bundle = oneSpelling(
  (bytes) => parseBundle(bytes.subarray(1), (bytes[0] ?? 0) + 1),
  (entries) => concat(Uint8Array.of(entries.length - 1), formatBundle(entries)),
)

const cosignature = oneSpelling((bytes) => parseCosignature(bytes, 64), formatCosignature)

function formatSignSubtree({ subtree, proof, note }: SignSubtree): Uint8Array {
  const hashes = [subtree.root, ...proof].map((node) => `${base64(node)}\n`).join('')
  return concat(utf8(`subtree ${subtree.start} ${subtree.end}\n${hashes}\n`), note)
}

/** What was skipped is not printed again. */
function formatLogList({ logs }: Pick<LogList, 'logs'>): Uint8Array {
  const printed = logs.map(
    ({ origin, vkey, perDay, contact }) =>
      `vkey ${formatVkey(vkey)}\norigin ${origin}\nqpd ${perDay}\ncontact ${contact}\n`,
  )
  return utf8(`logs/v0\n${printed.join('\n')}`)
}

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
  {
    name: 'add-checkpoint',
    seeds: () => texts(examples().addCheckpointFirst, examples().addCheckpointRequest),
    run: oneSpelling(parseAddCheckpoint, formatAddCheckpoint),
  },
  {
    name: 'sign-subtree',
    seeds: () => texts(examples().signSubtreeRequest),
    run: oneSpelling(parseSignSubtree, formatSignSubtree),
  },
  {
    name: 'log-list',
    seeds: () => [vector('witness-network/testing.1'), ...texts(listOf(examples().vkeys.log ?? ''))],
    run: oneMeaning((bytes) => ({ logs: parseLogList(bytes).logs }), formatLogList),
  },
  {
    name: 'evidence',
    seeds: () => FOUND.map((found) => formatEvidence(evidenceOf(found))),
    run: oneSpelling(parseEvidence, formatEvidence),
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
