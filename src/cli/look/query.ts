/** What is searched for: as it is typed, as each kind of server is asked, and whether an entry's own bytes bear it out. */

import { sha256 } from '#sha256'
import type { RekorQuery } from '../../client/search.ts'
import { parseSmallFile } from '../../config/files.ts'
import type { Flags } from '../../config/flags.ts'
import { oneOf } from '../../config/parsers.ts'
import type { Problems } from '../../config/problems.ts'
import { factsOf } from '../../dialects/facts.ts'
import { criteriaOf, type EntryQuery } from '../../formats/entry-query.ts'
import { formatPem, parsePemBlock } from '../../formats/pki/pem.ts'
import { parseSpki } from '../../formats/pki/spki.ts'
import { bodyKind } from '../../formats/sigstore/body-kind.ts'
import { base64, equal, hex, parseUtf8, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { digestText, parseSubject, type Subject } from '../verify/subject.ts'
import type { World } from '../world.ts'

const KEY_MAX_BYTES = 64 * 1024

export const QUERY_FLAGS = ['email', 'subject', 'key', 'operator'] as const

interface NamedKey {
  /** SHA-256 of its DER. */
  readonly fingerprint: string
  readonly pem: string
}

export interface Typed {
  /** Null: no file and no digest. */
  readonly subject: Subject | null
  readonly key: NamedKey | null
  readonly query: Omit<EntryQuery, 'hash'>
}

/** What is wrong is noted. */
export function parseTyped(words: readonly string[], flags: Flags, problems: Problems): Typed {
  const { email, subject: name, key: path } = flags
  const subject = words.length === 0 ? null : problems.take('', null, () => parseFile(words))
  const key =
    path === undefined ? null : problems.take('--key', null, () => parseSmallFile(path, KEY_MAX_BYTES, readKey))
  const operator = problems.take('--operator', 'or', () => oneOf('and', 'or')(flags.operator ?? 'or'))
  if (words.length === 0 && email === undefined && name === undefined && path === undefined)
    problems.note('', 'search takes FILE or DIGEST, --email, --subject or --key')
  for (const [flag, value] of [
    ['--email', email],
    ['--subject', name],
  ] as const)
    if (value === '') problems.note(flag, 'is empty')
  return { subject, key, query: { email, subject: name, fingerprint: key?.fingerprint, operator } }
}

function parseFile(words: readonly string[]): Subject {
  if (words.length > 1) throw new Error('search takes one FILE or DIGEST')
  const subject = parseSubject(words)
  if (subject.kind === 'directory') throw new Error('a directory has no digest to search for')
  return subject
}

function readKey(bytes: Uint8Array): NamedKey {
  const { label, der } = parsePemBlock(parseUtf8(bytes))
  const known = label === 'CERTIFICATE' ? der : parseSpki(der).der
  return { fingerprint: hex(sha256(known)), pem: formatPem(known, label) }
}

/** Reads the file. @throws the system's error when it cannot be read */
export async function queryOf({ subject, query }: Typed, world: World): Promise<EntryQuery> {
  return { ...query, hash: subject === null ? undefined : await digestText(subject, world) }
}

export function asRekorQuery({ hash, email, subject, operator }: EntryQuery, key: NamedKey | null): RekorQuery {
  const publicKey = key === null ? undefined : { format: 'x509' as const, content: base64(utf8(key.pem)) }
  return { hash, email, subject, publicKey, operator }
}

/** Whether the leaf itself fits; else that it does is the server's word: a v1 log has of a statement its hash alone. */
export function fitsByItself(leaf: Uint8Array, query: EntryQuery): boolean {
  const { criteria, operator } = criteriaOf(query)
  const keys = keysOf(leaf)
  const fits = (criterion: readonly Uint8Array[]) => criterion.some((one) => keys.some((key) => equal(key, one)))
  return operator === 'and' ? criteria.every(fits) : criteria.some(fits)
}

/** None of a kind that is not read here. */
function keysOf(leaf: Uint8Array): readonly Uint8Array[] {
  try {
    const { kind, version } = bodyKind(leaf)
    const dialect = kind === 'hashedrekord' && version === '0.0.2' ? 'rekor-v2' : 'rekor-v1'
    return factsOf(dialect)(leaf).keys.map(({ key }) => key)
  } catch (error) {
    if (error instanceof TlogError) return []
    throw error
  }
}
