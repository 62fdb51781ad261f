/** Signed notes and checkpoints (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature). No signature is checked. */

import { parseCheckpoint } from '../../formats/c2sp/checkpoint.ts'
import { parseCosignature } from '../../formats/c2sp/cosignature.ts'
import { keyIdBytes, type NoteSignature, parseNote, parseSignatureLine } from '../../formats/c2sp/note.ts'
import { hex, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import {
  bytes,
  type Content,
  faultOf,
  list,
  malformed,
  type Node,
  number,
  part,
  parts,
  text,
  time,
  word,
} from './tree.ts'

const SEPARATOR = '\n\n'
/** In the type of a signature line nothing is stated: its length and first byte tell. */
const COSIGNATURES: ReadonlyMap<number, readonly [type: string, length: number]> = new Map([
  [8 + 64, ['Ed25519 cosignature/v1 of a witness', 64]],
  [8 + 2420, ['ML-DSA-44 cosignature of a witness or log', 2420]],
])
const RSA_LENGTHS = [256, 384, 512]
const DER_SEQUENCE = 0x30

export function showNote(note: Uint8Array): Content {
  const whole = parseUtf8(note)
  const at = whole.lastIndexOf(SEPARATOR)
  const body = at < 0 ? whole : whole.slice(0, at + 1)
  const lines = at < 0 ? [] : whole.slice(at + SEPARATOR.length).split(/(?<=\n)/)
  return parts(
    faultOf(() => parseNote(note)),
    ...showText(body),
    part(
      'signatures',
      list(lines, (line) => showSignature(parseSignatureLine(line))),
      'not checked',
    ),
  )
}

/** A note that is no checkpoint is a text like any other. */
function showText(body: string): Node[] {
  if (!isCheckpoint(body)) return [part('text', list(body.split('\n').slice(0, -1), text))]
  try {
    const { origin, size, root, extensions } = parseCheckpoint(utf8(body))
    return [
      part('origin', text(origin), "the log's name for itself"),
      ...treeId(origin),
      part('size', number(size), 'entries in the tree'),
      part('root', bytes(root)),
      ...(extensions.length === 0 ? [] : [part('extension lines', list(extensions, text))]),
      ...rekorTime(extensions),
    ]
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    return [part('checkpoint', malformed(error.message)), part('text', list(body.split('\n').slice(0, -1), text))]
  }
}

function isCheckpoint(body: string): boolean {
  return /^[^\n]*\n[0-9]+\n[A-Za-z0-9+/=]+\n/.test(body)
}

function treeId(origin: string): Node[] {
  const id = / - ([0-9]{1,19})$/.exec(origin)?.[1]
  return id === undefined ? [] : [part('tree ID', word(id), 'of a Rekor v1 log')]
}

/** Older Rekor v1 checkpoints: nanoseconds since 1970. */
function rekorTime(extensions: readonly string[]): Node[] {
  const nanos = extensions
    .map((line) => /^Timestamp: ([0-9]{7,19})$/.exec(line)?.[1])
    .find((found) => found !== undefined)
  return nanos === undefined ? [] : [part('time', time(Math.floor(Number(nanos) / 1e6)), 'of an extension line')]
}

function showSignature({ name, keyId, signature }: NoteSignature): Content {
  const cosignature = signature[0] === DER_SEQUENCE ? undefined : COSIGNATURES.get(signature.length)
  return parts(
    part('key name', text(name)),
    part('key hash', word(hex(keyIdBytes(keyId))), 'a hint: which key, by the first 4 bytes of its hash'),
    part('type', word(cosignature?.[0] ?? plainType(signature)), 'by its length'),
    cosignature === undefined ? null : part('time', () => cosignedAt(signature, cosignature[1])),
    part('signature', bytes(signature)),
  )
}

function cosignedAt(signature: Uint8Array, length: number): Content {
  const { time: seconds } = parseCosignature(signature, length)
  return seconds === 0 ? word('none') : time(seconds * 1000)
}

function plainType(signature: Uint8Array): string {
  if (signature.length === 64) return 'Ed25519'
  if (signature[0] === DER_SEQUENCE) return 'ECDSA'
  return RSA_LENGTHS.includes(signature.length) ? 'RSA' : 'unknown'
}
