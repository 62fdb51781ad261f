/** A step of custody: SLSA provenance v1 (slsa.dev/spec/v1.0/provenance) that says what was made, and of what. */

import { TlogError } from '../../kernel/error.ts'
import { Fields, invalid, list, literal, object, parsed, type Read } from '../fields.ts'
import { isJsonObject, type JsonObject } from '../json.ts'
import { parseTime } from '../time.ts'
import {
  type Annotations,
  annotations,
  annotationsJson,
  present,
  type Resource,
  resourceJson,
  uri,
} from './resource.ts'
import { formatStatement, MAX_RESOURCES, parseCustody, resources } from './statement.ts'
import {
  buildTypeOf,
  COMPLETENESS,
  type Completeness,
  PROVENANCE_TYPE,
  parseBuildType,
  ROLES,
  type Role,
  STEPS,
  type Step,
} from './vocabulary.ts'

export interface Provenance {
  /** Under which its identifiers stand. */
  readonly base: string
  readonly step: Step
  /** What was made. Each has a digest. */
  readonly subjects: readonly Resource[]
  /** What it was made of. Each has a role. */
  readonly dependencies: readonly Resource[]
  /** Of each role that the step gives an account of; see requireAccount. */
  readonly completeness: ReadonlyMap<Role, Completeness>
  /** What the step was told, in words of its own. */
  readonly parameters: JsonObject
  /** What files say of themselves, and the signer does not vouch for. */
  readonly declared?: JsonObject | undefined
  /** URI of who did it. */
  readonly builder: string
  readonly invocationId?: string | undefined
  /** RFC 3339 in UTC. */
  readonly startedOn?: string | undefined
  readonly finishedOn?: string | undefined
  /**
   * Where the completeness and what is noted of subjects stand. `internal`: in SLSA's `internalParameters`, where any field may,
   * so that readers which refuse what they do not know take it. Without: in fields of their own.
   */
  readonly form?: 'internal' | undefined
}

/** @throws TlogError FIELD_MISSING, FIELD_INVALID as parseProvenance does and as requireAccount does; ENTRY_TOO_LARGE */
export function formatProvenance(provenance: Provenance): Uint8Array {
  const payload = print(provenance)
  parseProvenance(payload) // nothing leaves that nobody could read
  return payload
}

function print(provenance: Provenance): Uint8Array {
  requireAccount(provenance)
  const { base, step, subjects, dependencies, completeness, parameters, declared } = provenance
  const { builder, invocationId, startedOn, finishedOn, form } = provenance
  const said = { lineage_completeness: Object.fromEntries(completeness) }
  const notes = subjects.map(({ annotations }) => (annotations === undefined ? {} : annotationsJson(annotations)))
  const isNoted = notes.some((one) => Object.keys(one).length > 0)
  const internal = present({
    lineage_declared: declared,
    ...(form === 'internal' && { ...said, lineage_subjects: isNoted ? notes : undefined }),
  })
  const metadata = present({ invocationId, startedOn, finishedOn })
  return formatStatement({
    subjects: form === 'internal' ? subjects.map(({ annotations: _, ...subject }) => subject) : subjects,
    predicateType: PROVENANCE_TYPE,
    predicate: {
      buildDefinition: present({
        buildType: buildTypeOf(base, step),
        externalParameters: parameters,
        internalParameters: Object.keys(internal).length === 0 ? undefined : internal,
        resolvedDependencies: dependencies.map(resourceJson),
        ...(form === undefined && said),
      }),
      runDetails: present({
        builder: { id: builder },
        metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
      }),
    },
  })
}

/**
 * Silence must be said: of each role that a step has, something is named, or that it is not disclosed, or that there was
 * nothing. And the two may not contradict each other.
 *
 * @throws TlogError FIELD_MISSING, FIELD_INVALID
 */
export function requireAccount({
  step,
  dependencies,
  completeness,
}: Pick<Provenance, 'step' | 'dependencies' | 'completeness'>): void {
  const named = new Set(
    dependencies.map(({ annotations }, i) => {
      if (annotations?.role !== undefined) return annotations.role
      throw new TlogError('FIELD_MISSING', `resolvedDependencies[${i}].annotations.lineage_role: missing`)
    }),
  )
  for (const role of STEPS[step])
    if (!named.has(role) && !completeness.has(role))
      throw new TlogError('FIELD_MISSING', `lineage_completeness.${role}: missing, and no ${role} is named`)
  for (const [role, said] of completeness) {
    const isNamed = said === 'all' || said === 'partial'
    if (isNamed !== named.has(role))
      throw invalid(`lineage_completeness.${role}`, `"${said}", and ${isNamed ? 'none is' : 'some are'} named`)
  }
}

const anyObject: Read<JsonObject> = (value, path) => {
  if (!isJsonObject(value)) throw invalid(path, 'an object was expected')
  return value
}

const completenessOf: Read<ReadonlyMap<Role, Completeness>> = (value, path) => {
  const found = anyObject(value, path)
  const fields = new Fields(found, path)
  const said = ROLES.flatMap((role) => {
    const how = fields.optional(role, literal(...COMPLETENESS))
    return how === undefined ? [] : [[role, how] as const]
  })
  fields.end()
  return new Map(said)
}

export const time: Read<string> = (value, path) => {
  parsed(parseTime)(value, path)
  return value as string
}

type Definition = Pick<
  Provenance,
  'base' | 'step' | 'dependencies' | 'completeness' | 'parameters' | 'declared' | 'form'
>

const internalOf = object((internal) => ({
  declared: internal.optional('lineage_declared', anyObject),
  completeness: internal.optional('lineage_completeness', completenessOf),
  notes: internal.optional('lineage_subjects', list(annotations, { max: MAX_RESOURCES })),
}))

const definition: Read<Definition & { readonly notes: readonly Annotations[] }> = object((fields) => {
  const { declared, completeness, notes = [] } = fields.optional('internalParameters', internalOf) ?? {}
  return {
    ...fields.required('buildType', parsed(parseBuildType)),
    parameters: fields.required('externalParameters', anyObject),
    declared,
    dependencies: fields.required('resolvedDependencies', resources),
    completeness: completeness ?? fields.required('lineage_completeness', completenessOf),
    form: completeness === undefined ? undefined : 'internal',
    notes,
  }
})

/** Of the subjects, one after the other, or of none. That they are as many, the one spelling sees to. */
function noted(subjects: readonly Resource[], notes: readonly Annotations[]): readonly Resource[] {
  return notes.length === 0 ? subjects : subjects.map((subject, i) => ({ ...subject, annotations: notes[i] }))
}

type Run = Pick<Provenance, 'builder' | 'invocationId' | 'startedOn' | 'finishedOn'>

const run: Read<Run> = object((fields) => ({
  builder: fields.required(
    'builder',
    object((builder) => builder.required('id', uri)),
  ),
  ...fields.optional(
    'metadata',
    object((metadata) => ({
      invocationId: metadata.optional('invocationId', uri),
      startedOn: metadata.optional('startedOn', time),
      finishedOn: metadata.optional('finishedOn', time),
    })),
  ),
}))

/** @throws TlogError as parseCustody does, FIELD_INVALID also for provenance of anything but a step of custody */
export function parseProvenance(payload: Uint8Array): Provenance {
  return parseCustody(
    payload,
    ({ subjects, predicateType }) =>
      (value, path) => {
        literal(PROVENANCE_TYPE)(predicateType, 'predicateType')
        const { notes, ...parts } = object((fields) => ({
          ...fields.required('buildDefinition', definition),
          ...fields.required('runDetails', run),
        }))(value, path)
        return { subjects: noted(subjects, notes), ...parts }
      },
    print,
  )
}
