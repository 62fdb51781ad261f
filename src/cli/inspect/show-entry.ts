/** A log's entry with its proof: as a bundle and a v2 log's answer have it, and what follows from its numbers. */

import { parseCheckpoint } from '../../formats/c2sp/checkpoint.ts'
import { parseNote } from '../../formats/c2sp/note.ts'
import { text as readText } from '../../formats/fields.ts'
import type { JsonValue } from '../../formats/json.ts'
import { bytes as readBytes } from '../../formats/sigstore/protojson.ts'
import { leafIndex, treeSize } from '../../kernel/brand.ts'
import { equal, hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { leafHash } from '../../kernel/hash.ts'
import { inclusionPlan } from '../../kernel/proof.ts'
import {
  asBytes,
  asNumber,
  asText,
  fieldOf,
  inDetail,
  items,
  message,
  objectOf,
  optional,
  required,
  type Show,
  sole,
  via,
  whole,
} from './message.ts'
import { showBody } from './show-body.ts'
import { showNote } from './show-note.ts'
import { list, type Node, number, part, parts, time, word } from './tree.ts'

/** Seconds since 1970, as logs give them. */
export const asSeconds: Show = via(whole, (seconds) => (seconds === 0 ? word('none') : time(seconds * 1000)))
export const asNote: Show = via(readText, (note) => showNote(utf8(note)))

const proof = message(
  optional('logIndex', 'index', asNumber, 'in the tree of this checkpoint'),
  required('treeSize', 'tree size', asNumber),
  required('rootHash', 'root', asBytes),
  inDetail(optional('hashes', 'path', items(asBytes), "the leaf's sibling first")),
  optional('checkpoint', 'checkpoint', sole('envelope', asNote)),
)

const fields = message(
  optional('logIndex', 'index', asNumber, "over all the log's trees"),
  required('logId', 'log ID', sole('keyId', asBytes), "hash of the log's key"),
  required('kindVersion', 'kind', message(required('kind', 'name', asText), required('version', 'version', asText))),
  optional('integratedTime', 'integrated', asSeconds, "the log's word, if it promised"),
  optional(
    'inclusionPromise',
    'promise',
    sole('signedEntryTimestamp', asBytes),
    'signature over body, time, log and index',
  ),
  optional('inclusionProof', 'proof', proof),
  required('canonicalizedBody', 'body', via(readBytes, showBody)),
)

export const showEntry: Show = (value, path) => {
  const shown = fields(value, path)
  const known = knownOf(value)
  return shown.kind === 'parts' ? parts(...shown.parts, ...arithmetic(known)) : shown
}

/** The numbers of an entry; null for what is not there or malformed, which is shown elsewhere. */
export interface Known {
  readonly globalIndex: number | null
  readonly index: number | null
  readonly size: number | null
  readonly root: Uint8Array | null
  readonly hashes: number
  readonly checkpoint: string | null
  readonly body: Uint8Array | null
}

function knownOf(value: JsonValue): Known {
  const entry = objectOf(value, '')
  const inner = orNull(() => objectOf(fieldOf(entry, 'inclusionProof') ?? null, ''))
  const from = inner ?? {}
  const envelope = orNull(() => fieldOf(objectOf(fieldOf(from, 'checkpoint') ?? null, ''), 'envelope') ?? null)
  const hashes = fieldOf(from, 'hashes')
  return {
    globalIndex: orNull(() => whole(fieldOf(entry, 'logIndex') ?? 0, '')),
    index: inner === null ? null : orNull(() => whole(fieldOf(from, 'logIndex') ?? 0, '')),
    size: orNull(() => whole(fieldOf(from, 'treeSize') ?? null, '')),
    root: orNull(() => readBytes(fieldOf(from, 'rootHash') ?? null, '')),
    hashes: Array.isArray(hashes) ? hashes.length : 0,
    checkpoint: typeof envelope === 'string' ? envelope : null,
    body: orNull(() => readBytes(fieldOf(entry, 'canonicalizedBody') ?? null, '')),
  }
}

/** What follows from an entry's numbers, and where they contradict each other. */
export function arithmetic(known: Known): Node[] {
  const { globalIndex, index, body, checkpoint } = known
  const before = globalIndex !== null && index !== null ? globalIndex - index : 0
  const treeId = checkpoint === null ? undefined : / - ([0-9]{1,19})\n/.exec(checkpoint)?.[1]
  const found = contradictions(known)
  return [
    ...(before > 0 ? [part('entries in earlier trees', number(before), 'index less index in the tree')] : []),
    ...(treeId !== undefined && body !== null
      ? [part('entry ID', word(entryId(treeId, body)), 'computed: tree ID and leaf hash, as Rekor v1 writes it')]
      : []),
    ...(found.length > 0 ? [part('contradictions', list(found, word))] : []),
  ]
}

function entryId(treeId: string, body: Uint8Array): string {
  return BigInt(treeId).toString(16).padStart(16, '0') + hex(leafHash(body))
}

function contradictions({ globalIndex, index, size, root, hashes, checkpoint }: Known): string[] {
  const found: string[] = []
  if (globalIndex !== null && index !== null && index > globalIndex)
    found.push('the index in the tree is above the index over all trees')
  if (index !== null && size !== null && index >= size) found.push('the index is not in a tree of this size')
  else if (index !== null && size !== null) {
    const needed = inclusionPlan(leafIndex(index), treeSize(size)).length
    if (needed !== hashes) found.push(`the path has ${hashes} hashes, and ${needed} lead from this index to the root`)
  }
  const signed = checkpoint === null ? null : orNull(() => parseCheckpoint(parseNote(utf8(checkpoint)).text))
  if (signed !== null && size !== null && signed.size !== size) found.push('proof and checkpoint have two sizes')
  if (signed !== null && root !== null && !equal(signed.root, root)) found.push('proof and checkpoint have two roots')
  return found
}

export function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof TlogError) return null
    throw error
  }
}
