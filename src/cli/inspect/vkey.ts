/** Verifier keys (c2sp.org/signed-note), one a line. */

import { keyIdBytes } from '../../formats/c2sp/note.ts'
import { KEY_TYPE, logId, parseVkey, type Vkey } from '../../formats/c2sp/vkey.ts'
import { formatSpki } from '../../formats/pki/spki.ts'
import type { Kind } from './kind.ts'
import { showKey } from './show-key.ts'
import { bytes, type Content, list, part, parts, text, word } from './tree.ts'

const TYPES: Readonly<Record<number, string>> = {
  [KEY_TYPE.ed25519]: "Ed25519: a log's, or another note's",
  [KEY_TYPE.cosignature]: "Ed25519 cosignature/v1: a witness's",
  [KEY_TYPE.mlDsa44]: "ML-DSA-44 cosignature: a witness's or a log's",
}
const FORM = /^[^+\n]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/

export const vkey: Kind = {
  name: 'vkey',
  title: 'a verifier key (c2sp.org/signed-note)',
  recognise: ({ text }) =>
    linesOf(text).length > 0 && linesOf(text).every((line) => FORM.test(line)) ? 'its form' : null,
  show: ({ text }) =>
    parts(
      part(
        'keys',
        list(linesOf(text), (line) => showVkey(parseVkey(line))),
      ),
    ),
}

function linesOf(file: string | null): string[] {
  return (file ?? '').split('\n').filter((line) => line !== '')
}

export function showVkey(key: Vkey): Content {
  return parts(
    part('name', text(key.name)),
    part('key hash', bytes(keyIdBytes(key.keyId)), 'of name, type and key'),
    part('type', word(TYPES[key.type] ?? 'unknown')),
    part('public key', bytes(key.publicKey)),
    key.type === KEY_TYPE.ed25519
      ? part('log ID', bytes(logId(key.name, key.publicKey)), 'as a Rekor v2 log, in bundles and trusted roots')
      : null,
    key.type === KEY_TYPE.mlDsa44
      ? null
      : part('as a key', () => showKey(formatSpki({ kind: 'ed25519', bytes: key.publicKey }))),
  )
}
