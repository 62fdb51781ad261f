/** A log's entries: the body that is the leaf, the answer of a Rekor v1 log, the answer of a v2 one. */

import { parsed, text as readText } from '../../formats/fields.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../formats/json.ts'
import { hex, parseBase64, parseHex } from '../../kernel/bytes.ts'
import { leafHash } from '../../kernel/hash.ts'
import { byFields, jsonKind, type Kind } from './kind.ts'
import { asNumber, fieldOf, inDetail, items, message, optional, required, type Show, via, whole } from './message.ts'
import { showBody } from './show-body.ts'
import { arithmetic, asNote, asSeconds, type Known, orNull, showEntry } from './show-entry.ts'
import { bytes, jsonValue, list, type Node, part, parts, text, word } from './tree.ts'

const body = jsonKind({
  name: 'entry-body',
  title: 'the body of a log entry',
  because: (json) => byFields(json, 'apiVersion', 'kind', 'spec'),
  marker: /"apiVersion"[\s\S]*"spec"/,
  show: jsonValue,
})

/** The bytes themselves are the leaf. */
export const entryBody: Kind = {
  ...body,
  show: ({ whole }) => parts(part('entry', () => showBody(whole ?? new Uint8Array()))),
}

export const logEntry = jsonKind({
  name: 'log-entry',
  title: 'an entry with its proof (TransparencyLogEntry)',
  because: (json) => byFields(json, 'canonicalizedBody'),
  marker: /"canonicalizedBody"/,
  show: showEntry,
})

const asHex: Show = via(parsed(parseHex), bytes)
const readBase64 = parsed(parseBase64)

const proof = message(
  required('logIndex', 'index', asNumber, 'in the tree of this checkpoint'),
  required('treeSize', 'tree size', asNumber),
  required('rootHash', 'root', asHex),
  inDetail(required('hashes', 'path', items(asHex), "the leaf's sibling first")),
  optional('checkpoint', 'checkpoint', asNote),
)

const fields = message(
  required('logIndex', 'index', asNumber, "over all the log's trees"),
  required('logID', 'log ID', asHex, "hash of the log's key"),
  required('integratedTime', 'integrated', asSeconds, "the log's word, if it promised"),
  required('body', 'body', via(readBase64, showBody)),
  optional(
    'verification',
    'verification',
    message(
      optional('inclusionProof', 'proof', proof),
      optional('signedEntryTimestamp', 'promise', via(readBase64, bytes), 'signature over body, time, log and index'),
    ),
  ),
  optional('attestation', 'attestation', (value) => jsonValue(value)),
)

const ENTRY_ID = /^([0-9a-f]{16})?([0-9a-f]{64})$/i

export const rekorAnswer = jsonKind({
  name: 'rekor-v1-entry',
  title: 'an entry as a Rekor v1 log answers',
  because: (json) =>
    Object.keys(json).length > 0 && Object.keys(json).every((key) => ENTRY_ID.test(key)) ? 'its entry IDs' : null,
  marker: /"(?:[0-9a-f]{16})?[0-9a-f]{64}"\s*:\s*\{/,
  show: (value) =>
    parts(
      part(
        'entries',
        list(Object.entries(value as JsonObject), ([id, entry]) => showAnswer(id, entry)),
      ),
    ),
})

function showAnswer(id: string, entry: JsonValue) {
  const shown = fields(entry, id)
  const known = knownOf(entry)
  return parts(...idNodes(id, known.body), ...(shown.kind === 'parts' ? shown.parts : []), ...arithmetic(known))
}

function idNodes(id: string, body: Uint8Array | null): Node[] {
  const [, tree, leaf = ''] = ENTRY_ID.exec(id) ?? []
  const isAnother = body !== null && hex(leafHash(body)) !== leaf.toLowerCase()
  return [
    part('entry ID', text(id)),
    ...(tree === undefined ? [] : [part('tree ID', word(BigInt(`0x${tree}`).toString()), 'the first 16 digits')]),
    part('UUID', word(leaf), 'the leaf hash, as the ID says it'),
    ...(isAnother ? [part('contradiction', word('the ID names another leaf hash than that of the body'))] : []),
  ]
}

function knownOf(entry: JsonValue): Known {
  const from = isJsonObject(entry) ? entry : {}
  const verification = objectAt(from, 'verification')
  const inner = objectAt(verification, 'inclusionProof')
  const hashes = fieldOf(inner, 'hashes')
  const number = (object: JsonObject, name: string) => orNull(() => whole(fieldOf(object, name) ?? null, ''))
  return {
    globalIndex: number(from, 'logIndex'),
    index: number(inner, 'logIndex'),
    size: number(inner, 'treeSize'),
    root: orNull(() => parseHex(readText(fieldOf(inner, 'rootHash') ?? null, ''))),
    hashes: Array.isArray(hashes) ? hashes.length : 0,
    checkpoint: orNull(() => readText(fieldOf(inner, 'checkpoint') ?? null, '')),
    body: orNull(() => readBase64(fieldOf(from, 'body') ?? null, '')),
  }
}

function objectAt(object: JsonObject, name: string): JsonObject {
  const value = fieldOf(object, name)
  return value !== undefined && isJsonObject(value) ? value : {}
}
