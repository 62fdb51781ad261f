/** The names of a certificate's subject (RFC 5280 §4.2.1.6). */

import { TlogError } from '../../kernel/error.ts'
import { DerReader, TAG } from './der.ts'
import { printable } from './printable.ts'

export type SubjectAltName =
  | { readonly type: 'email' | 'uri' | 'dns' | 'ip'; readonly value: string }
  /** An otherName with a UTF8String, as Fulcio writes user names; `oid` says what kind of name it is. */
  | { readonly type: 'other'; readonly oid: string; readonly value: string }

const MAX_NAMES = 64
/** Names inside directory names are the deepest. */
const MAX_DEPTH = 8
/** Context tags of GeneralName: what they mean here. */
const TEXT_TAGS: Readonly<Record<number, 'email' | 'dns' | 'uri'>> = { 129: 'email', 130: 'dns', 134: 'uri' }
const OTHER_NAME = 0xa0
const IP_ADDRESS = 0x87
/** x400Address, directoryName, ediPartyName, registeredID: nobody is looked up by them. */
const UNUSED = [0xa3, 0xa4, 0xa5, 0x88]

/** @throws TlogError CERTIFICATE_MALFORMED unless from 1 to 64 names without control characters. */
export function parseSubjectAltName(extension: Uint8Array): SubjectAltName[] {
  new DerReader(extension, 'CERTIFICATE_MALFORMED').walk(MAX_DEPTH)
  const outer = new DerReader(extension, 'CERTIFICATE_MALFORMED')
  const names = outer.enter(TAG.sequence, 'subjectAltName')
  outer.end('subjectAltName')
  const out: SubjectAltName[] = []
  let count = 0
  for (; names.tag !== undefined; count++) {
    if (count === MAX_NAMES) names.fail(`more than ${MAX_NAMES} subject names`)
    const name = readName(names)
    if (name !== null) out.push(name)
  }
  if (count === 0) names.fail('subjectAltName without a name')
  return out
}

function readName(names: DerReader): SubjectAltName | null {
  const tag = names.tag ?? 0
  const type = TEXT_TAGS[tag]
  if (type !== undefined) return { type, value: ascii(names.read(tag, `the ${type} name`), type) }
  if (tag === IP_ADDRESS) return { type: 'ip', value: ipAddress(names.read(tag, 'the IP address')) }
  if (tag === OTHER_NAME) return readOtherName(names.enter(tag, 'the other name'))
  if (!UNUSED.includes(tag)) names.fail('a subject name of an unknown kind')
  names.next('a subject name')
  return null
}

function readOtherName(name: DerReader): SubjectAltName | null {
  const oid = name.oid('the other name')
  const explicit = name.enter(0xa0, 'the other name')
  name.end('the other name')
  const value = explicit.next('the other name')
  explicit.end('the other name')
  if (value.tag !== TAG.utf8String) return null
  return { type: 'other', oid, value: printable(value.value, 'the other name') }
}

function ascii(bytes: Uint8Array, type: string): string {
  const text = printable(bytes, `the ${type} name`)
  if (text.length !== bytes.length) throw malformed(`the ${type} name is not ASCII`)
  return text
}

/** As RFC 5952 §4 spells it. */
function ipAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw malformed(`an IP address of ${bytes.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16))
  const zeros = [...groups.join(':').matchAll(/\b0(:0)+\b/g)]
  const longest = zeros.reduce((best, [run]) => (run.length > best.length ? run : best), '')
  const text = groups.join(':')
  if (longest === '') return text
  const at = zeros.find(([run]) => run === longest)?.index ?? 0
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`
}

function malformed(why: string): TlogError {
  return new TlogError('CERTIFICATE_MALFORMED', why)
}
