/** Checkpoints, and other signed notes. */

import { utf8 } from '../../kernel/bytes.ts'
import type { Kind } from './kind.ts'
import { showNote } from './show-note.ts'

export const note: Kind = {
  name: 'note',
  title: 'a signed note or checkpoint (c2sp.org/signed-note)',
  recognise: ({ text }) =>
    text !== null && /\n\n\u2014 [^ \n]+ [A-Za-z0-9+/=]{8,}(?:\n|$)/.test(text) ? 'its signature lines' : null,
  show: ({ text }) => showNote(utf8(text ?? '')),
}
