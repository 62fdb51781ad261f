/** in-toto statements v1 as custody writes them: in one spelling, RFC 8785, so that the hash of one is the hash of what it says. */

import { equal } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import { list, literal, object, type Read, text } from '../fields.ts'
import { type JsonLimits, type JsonObject, parseJson } from '../json.ts'
import { canonicalJson } from '../sigstore/canonical-json.ts'
import { type Resource, resource, resourceJson } from './resource.ts'

/** What a log keeps beside an entry. */
export const MAX_STATEMENT_BYTES = 2 ** 20
export const MAX_RESOURCES = 10_000
const LIMITS: JsonLimits = { maxValues: 200_000 }

const TYPE = 'https://in-toto.io/Statement/v1'

export const resources = list(resource, { max: MAX_RESOURCES })

export interface CustodyStatement<T> {
  readonly subjects: readonly Resource[]
  readonly predicateType: string
  readonly predicate: T
}

/** @throws TlogError ENTRY_TOO_LARGE above MAX_STATEMENT_BYTES. What else is wrong with it, parseCustody says */
export function formatStatement({ subjects, predicateType, predicate }: CustodyStatement<JsonObject>): Uint8Array {
  const payload = canonicalJson({ _type: TYPE, subject: subjects.map(resourceJson), predicateType, predicate })
  if (payload.length > MAX_STATEMENT_BYTES)
    throw new TlogError('ENTRY_TOO_LARGE', `a statement of ${payload.length} bytes: at most ${MAX_STATEMENT_BYTES}`)
  return payload
}

const subjectsOf: Read<readonly Resource[]> = list(
  (value, path) => {
    const found = resource(value, path)
    if (found.digests !== undefined) return found
    throw new TlogError('FIELD_MISSING', `${path}.digest: missing`)
  },
  { min: 1, max: MAX_RESOURCES },
)

/**
 * @param read the predicate, by its type
 * @param print the inverse of all that: another spelling of the same is refused
 * @throws TlogError ENVELOPE_MALFORMED when it is too long or spelled otherwise; FIELD_UNKNOWN, FIELD_MISSING, FIELD_INVALID with
 *   the field's path; a JSON_ code
 */
export function parseCustody<T>(
  payload: Uint8Array,
  read: (statement: { readonly subjects: readonly Resource[]; readonly predicateType: string }) => Read<T>,
  print: (value: T) => Uint8Array,
): T {
  if (payload.length > MAX_STATEMENT_BYTES)
    throw new TlogError('ENVELOPE_MALFORMED', `a statement of over ${MAX_STATEMENT_BYTES} bytes`)
  const value = object((fields) => {
    fields.required('_type', literal(TYPE))
    const head = {
      subjects: fields.required('subject', subjectsOf),
      predicateType: fields.required('predicateType', text),
    }
    return fields.required('predicate', read(head))
  })(parseJson(payload, LIMITS), '')
  if (!equal(print(value), payload))
    throw new TlogError('ENVELOPE_MALFORMED', 'not in the one spelling of a statement of custody (RFC 8785)')
  return value
}
