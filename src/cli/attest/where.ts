/** What an artifact is named by on the command line: a place, and words about it behind commas. */

import { existsSync } from 'node:fs'
import { oneOf } from '../../config/parsers.ts'
import { type DigestAlgorithm, parseDigest } from '../../formats/custody/digests.ts'
import type { Annotations } from '../../formats/custody/resource.ts'
import { parseUri, RELATIONS, USES, VISIBILITIES } from '../../formats/custody/vocabulary.ts'

export interface Named {
  /** Null: by its statement alone. */
  readonly place:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'digest'; readonly algorithm: DigestAlgorithm; readonly digest: Uint8Array }
    | null
  readonly name: string | undefined
  readonly uri: string | undefined
  readonly relation: Annotations['relation']
  readonly use: Annotations['use']
  readonly visibility: Annotations['visibility']
  /** A bundle or a statement about it. */
  readonly statement: string | undefined
}

const WORDS = ['name', 'uri', 'relation', 'use', 'visibility', 'statement'] as const
const NEXT = new RegExp(`(?:^|,)(?=(?:${WORDS.join('|')})=)`)

/** `PLACE,word=…,word=…`; a comma in front of anything else is part of what is before it. @throws Error for the person who typed it */
export function parseNamed(text: string): Named {
  const pieces = text.split(NEXT)
  const isWord = (piece: string) => WORDS.some((word) => piece.startsWith(`${word}=`))
  const [first = '', ...rest] = pieces
  const told = new Map<string, string>()
  for (const piece of isWord(first) ? pieces : rest) {
    const at = piece.indexOf('=')
    const [word, value] = [piece.slice(0, at), piece.slice(at + 1)]
    if (value === '' || told.has(word)) throw new Error(`${word}= is empty, or there twice`)
    told.set(word, value)
  }
  const place = isWord(first) || first === '' ? null : parsePlace(first)
  const statement = told.get('statement')
  if (place === null && statement === undefined && !told.has('uri'))
    throw new Error('a FILE, DIR, ALGORITHM:HEX, statement=FILE or uri=URI says which it is')
  const [uri, relation, use, visibility] = ['uri', 'relation', 'use', 'visibility'].map((word) => told.get(word))
  return {
    ...{ place, statement, name: told.get('name') },
    uri: uri && parseUri(uri),
    relation: relation === undefined ? undefined : oneOf(...RELATIONS)(relation),
    use: use === undefined ? undefined : oneOf(...USES)(use),
    visibility: visibility === undefined ? undefined : oneOf(...VISIBILITIES)(visibility),
  }
}

const DIGEST = /^([A-Za-z]\w{2,63}):([0-9a-f]*)$/

/** @throws Error for the person who typed it */
export function parsePlace(text: string): NonNullable<Named['place']> {
  const [, name = '', digits = ''] = DIGEST.exec(text) ?? []
  if (name === '') {
    if (!existsSync(text)) throw new Error(`there is no ${text}`)
    return { kind: 'path', path: text }
  }
  if (existsSync(text)) throw new Error(`${text} is a digest, and a file is called so: write ./${text} for the file`)
  const [algorithm, digest] = parseDigest(name, digits)
  return { kind: 'digest', algorithm, digest }
}
