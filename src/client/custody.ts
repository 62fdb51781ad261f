/** The graph of statements of a Colophon, as it shows it. Nothing of what comes back has been checked. */

import { invalid, list, literal, openObject, parsed, type Read, text } from '../formats/fields.ts'
import { leafIndex } from '../kernel/brand.ts'
import { TlogError } from '../kernel/error.ts'
import { type Ask, below, readAnswer, refusal } from './ask.ts'
import { count, slug } from './fields.ts'

export type Direction = 'up' | 'down'

/** Where to look: an artifact, how far, and behind which entry (`LOG:INDEX`). */
export interface CustodyStop {
  readonly artifact: string
  readonly depth: number
  readonly after: string | null
}

export interface ListedStatement {
  /** Of the entry, on the server. */
  readonly place: string
  readonly artifact: string
  readonly as: 'subject' | 'dependency'
  /** How far from the artifact that was asked about; 1: about itself. */
  readonly depth: number
  /** The digest of its content; null: the server names none. */
  readonly attachment: string | null
  /** What the server says that it says; null: it does not. Each a list of digests. */
  readonly said: { readonly subjects: readonly string[][]; readonly dependencies: readonly string[][] } | null
  /** Of the entry by which the operator is said to have taken the content back; null: he did not. */
  readonly withdrawn: string | null
}

export interface CustodyPage {
  readonly statements: readonly ListedStatement[]
  readonly more: readonly CustodyStop[]
}

const OK = 200
/** Statements a page, so that an answer stays small; the others follow. */
const LIMIT = 50
const MAX_LISTED = 100
/** Of an answer with what two megabytes of statements say, each of a few bytes with all its fields. */
const MAX_PAGE = { bytes: 32 * 2 ** 20, maxValues: 1_000_000 } as const
const MAX_DIGESTS = 250_000
const DIGEST = /^[\w.-]{1,64}:([0-9a-f]{2}){1,64}$/
const ATTACHMENT = /^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/
const PLACE = /^\/logs\/[a-z0-9][a-z0-9-]{0,31}\/entries\/(0|[1-9][0-9]{0,15})$/
const CURSOR = /^[a-z0-9][a-z0-9-]{0,31}:(0|[1-9][0-9]{0,15})$/

/** @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED also when the answer is about another artifact */
export async function fetchCustody(
  ask: Ask,
  url: string,
  { artifact, depth, after, direction }: CustodyStop & { readonly direction: Direction },
): Promise<CustodyPage> {
  const from = after === null ? '' : `&after=${after}`
  const at = below(url, `/artifacts/${artifact}/custody?direction=${direction}&depth=${depth}${from}&limit=${LIMIT}`)
  const answer = await ask({ url: at, maxBytes: MAX_PAGE.bytes })
  if (answer.status !== OK) throw refusal(at, answer)
  const { about, ...page } = readAnswer(at, answer, (json) => custodyPage(json, ''), MAX_PAGE)
  if (about !== artifact) throw new TlogError('SERVICE_REFUSED', `${at}: the answer is about ${about}`)
  return page
}

/** Null: the server does not have it (404), or no more (410). @throws TlogError SERVICE_UNREACHABLE, SERVICE_REFUSED */
export async function fetchAttachment(ask: Ask, url: string, attachment: string): Promise<Uint8Array | null> {
  const at = below(url, `/attachments/${attachment}`)
  const answer = await ask({ url: at })
  if (answer.status === 404 || answer.status === 410) return null
  if (answer.status !== OK) throw refusal(at, answer)
  return answer.bytes
}

function matching(form: RegExp): Read<string> {
  return (value, path) => {
    const found = text(value, path)
    if (!form.test(found)) throw invalid(path, `not of the form ${form.source}`)
    return found
  }
}

const digest = matching(DIGEST)
const digests = openObject((fields) => fields.required('digests', list(digest, { max: MAX_DIGESTS })))
const described = openObject((fields) => ({
  subjects: fields.required('subjects', list(digests, { max: MAX_DIGESTS })),
  dependencies: fields.required('dependencies', list(digests, { max: MAX_DIGESTS })),
}))

const withdrawal = openObject((fields) => fields.required('entry', matching(PLACE)))

const listed: Read<ListedStatement> = openObject((fields) => ({
  place: `/logs/${fields.required('log', slug)}/entries/${leafIndex(fields.required('index', count))}`,
  artifact: fields.required('artifact', digest),
  as: fields.required('as', literal('subject', 'dependency')),
  depth: fields.required('depth', count),
  attachment: fields.optional('attachment', matching(ATTACHMENT)) ?? null,
  said: fields.optional('statement', described) ?? null,
  withdrawn: fields.optional('withdrawn', withdrawal) ?? null,
}))

const stop: Read<CustodyStop> = openObject((fields) => ({
  artifact: fields.required('artifact', digest),
  depth: fields.required('depth', count),
  after: fields.optional('after', parsed(cursor)) ?? null,
}))

function cursor(said: string): string {
  if (!CURSOR.test(said)) throw new TlogError('FIELD_INVALID', 'not {log}:{index}')
  return said
}

const custodyPage = openObject((fields) => ({
  about: fields.required('artifact', text),
  statements: fields.required('statements', list(listed, { max: MAX_LISTED })),
  more: fields.required('more', list(stop, { max: MAX_DIGESTS })),
}))
