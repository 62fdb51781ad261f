/** What became known of an artifact after it was published: poisoned, withdrawn, superseded, disputed. */

import { invalid, literal, object, type Read, text } from '../fields.ts'
import { time } from './provenance.ts'
import { present, type Resource, resource, resourceJson } from './resource.ts'
import { formatStatement, parseCustody, resources } from './statement.ts'
import { advisoryTypeOf, parseAdvisoryType, STATUSES } from './vocabulary.ts'

export interface Advisory {
  readonly base: string
  /** What it warns of. Each has a digest. */
  readonly subjects: readonly Resource[]
  readonly status: (typeof STATUSES)[number]
  /** For people. */
  readonly reason: string
  /** Which parts of it: documents of a dataset, with the proof that they are in it. Empty: all of it. */
  readonly affects: readonly Resource[]
  readonly evidence: readonly Resource[]
  readonly supersededBy?: Resource | undefined
  /** RFC 3339 in UTC. */
  readonly effectiveFrom: string
}

const MAX_REASON = 4096

/** @throws TlogError FIELD_INVALID, FIELD_MISSING, ENTRY_TOO_LARGE */
export function formatAdvisory(advisory: Advisory): Uint8Array {
  const payload = print(advisory)
  parseAdvisory(payload) // nothing leaves that nobody could read
  return payload
}

function print(advisory: Advisory): Uint8Array {
  const { base, subjects, status, reason, affects, evidence, supersededBy, effectiveFrom } = advisory
  const listed = (found: readonly Resource[]) => (found.length === 0 ? undefined : found.map(resourceJson))
  return formatStatement({
    subjects,
    predicateType: advisoryTypeOf(base),
    predicate: present({
      status,
      reason,
      affects: listed(affects),
      evidence: listed(evidence),
      supersededBy: supersededBy && resourceJson(supersededBy),
      effectiveFrom,
    }),
  })
}

const reasonOf: Read<string> = (value, path) => {
  const reason = text(value, path)
  if (reason === '' || reason.length > MAX_REASON) throw invalid(path, `1 to ${MAX_REASON} characters were expected`)
  return reason
}

/** @throws TlogError as parseCustody does */
export function parseAdvisory(payload: Uint8Array): Advisory {
  return parseCustody(
    payload,
    ({ subjects, predicateType }) =>
      (value, path) => {
        const base = parseAdvisoryType(predicateType)
        const said = object((fields) => ({
          status: fields.required('status', literal(...STATUSES)),
          reason: fields.required('reason', reasonOf),
          affects: fields.optional('affects', resources) ?? [],
          evidence: fields.optional('evidence', resources) ?? [],
          supersededBy: fields.optional('supersededBy', resource),
          effectiveFrom: fields.required('effectiveFrom', time),
        }))(value, path)
        return { base, subjects, ...said }
      },
    print,
  )
}
