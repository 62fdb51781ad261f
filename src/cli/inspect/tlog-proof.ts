/** Proof files (c2sp.org/tlog-proof). */

import { parseTlogProof } from '../../formats/c2sp/tlog-proof.ts'
import { hash, leafIndex } from '../../kernel/brand.ts'
import { parseBase64, parseDecimal, utf8 } from '../../kernel/bytes.ts'
import type { Kind } from './kind.ts'
import { showNote } from './show-note.ts'
import { faultFirst } from './strict.ts'
import { bytes, type Content, detail, list, malformed, number, part, parts, text } from './tree.ts'

const FIRST_LINE = 'c2sp.org/tlog-proof@'

export const tlogProof: Kind = {
  name: 'tlog-proof',
  title: 'a proof file (c2sp.org/tlog-proof)',
  recognise: ({ text }) => (text?.startsWith(FIRST_LINE) ? 'its first line' : null),
  show({ text, whole }) {
    return faultFirst(() => parseTlogProof(whole ?? new Uint8Array()), showLines(text ?? ''))
  },
}

function showLines(file: string): Content {
  const blank = file.indexOf('\n\n')
  const [first = '', ...header] = file.slice(0, blank < 0 ? file.length : blank).split('\n')
  const extra = header[0]?.startsWith('extra ') ? header.shift() : undefined
  const [index = '', ...path] = header
  return parts(
    part('format', text(first)),
    extra === undefined ? null : part('extra', () => bytes(parseBase64(extra.slice(6))), 'nothing signs it'),
    part(
      'index',
      () => number(leafIndex(parseDecimal(index.replace(/^index /, '')))),
      'of the entry, which is not in the file',
    ),
    detail(
      part(
        'path',
        list(path, (line) => bytes(hash(parseBase64(line)))),
        "the leaf's sibling first",
      ),
    ),
    part('checkpoint', blank < 0 ? malformed('no blank line before it') : () => showNote(utf8(file.slice(blank + 2)))),
  )
}
