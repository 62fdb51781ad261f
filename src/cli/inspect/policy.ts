/** Trust policies (c2sp.org/tlog-policy). */

import { parsePolicy } from '../../formats/c2sp/policy.ts'
import type { Kind } from './kind.ts'
import { attempt, type Content, list, part, parts, text, word } from './tree.ts'
import { showVkey } from './vkey.ts'

const WORDS = ['log', 'witness', 'group', 'quorum']

export const policy: Kind = {
  name: 'policy',
  title: 'a trust policy (c2sp.org/tlog-policy)',
  recognise({ text }) {
    const lines = wordsOf(text ?? '')
    const isOne = lines.length > 0 && lines.every(([first = '']) => WORDS.includes(first))
    return isOne ? 'its words' : null
  },
  show({ text, whole }) {
    const bytes = whole ?? new Uint8Array()
    const shown = attempt(() => showPolicy(bytes))
    if (shown.kind !== 'malformed') return shown
    return parts(
      part('as a whole', shown),
      part(
        'lines',
        list(wordsOf(text ?? ''), (words) => asLine(words)),
      ),
    )
  },
}

function wordsOf(file: string): string[][] {
  const lines = file.split('\n').map((line) => line.split(/[ \t]+/).filter((each) => each !== ''))
  return lines.filter(([first]) => first !== undefined && !first.startsWith('#'))
}

function asLine(words: readonly string[]): Content {
  return text(words.join(' '))
}

function showPolicy(bytes: Uint8Array): Content {
  const { logs, witnesses, groups, quorum } = parsePolicy(bytes)
  const url = (each: { readonly url?: string }) => (each.url === undefined ? null : part('URL', text(each.url)))
  return parts(
    part(
      'logs',
      list(logs, (log) => parts(part('key', showVkey(log.vkey)), url(log))),
      'one of them must have signed',
    ),
    part(
      'witnesses',
      list(witnesses, (one) => parts(part('name', text(one.name)), part('key', showVkey(one.vkey)), url(one))),
    ),
    part(
      'groups',
      list(groups, ({ name, threshold, members }) =>
        parts(
          part('name', text(name)),
          part('threshold', word(`${threshold} of ${members.length}`)),
          part('members', list(members, text)),
        ),
      ),
    ),
    part(
      'quorum',
      quorum === null ? word('none: no cosignature is asked for') : text(quorum),
      'what must have cosigned',
    ),
  )
}
