/**
 * What an in-toto statement says of custody, whatever its predicate: of which artifacts it speaks, from what they were made,
 * and what it keeps to itself (docs/custody-graph.md). Read from standard fields and `lineage_` annotations, whatever the base
 * of their identifiers. Total: a statement of another shape speaks of less.
 */

import { TlogError } from '../../kernel/error.ts'
import { isJsonObject, type JsonValue } from '../json.ts'
import { claimedStatement, OMS_PREDICATE_TYPE } from '../sigstore/statement.ts'
import { artifactsOf, type CustodyArtifact, digestText, field, itemsOf, plainArtifact, textOf } from './descriptor.ts'
import { cycloneDxDependencies, spdxDependencies } from './sbom.ts'

export type { CustodyArtifact } from './descriptor.ts'

export interface CustodyStatement {
  readonly predicateType: string
  /** Of SLSA provenance; else empty. */
  readonly buildType: string
  readonly builder: string
  readonly subjects: readonly CustodyArtifact[]
  /** What is in a subject, or what an advisory is about beside it: the statement speaks of these too. */
  readonly parts: readonly CustodyArtifact[]
  readonly dependencies: readonly CustodyArtifact[]
  /** By role: `all`, `partial`, `undisclosed` or `none` were used, by the word of the signer. */
  readonly completeness: ReadonlyMap<string, string>
  readonly advisory: Advisory | null
  /** Of a summary of verification (SVR): what somebody found again. */
  readonly properties: readonly string[]
  /** Whether it lists more than is indexed: then parts and what a bill of materials has are left out, all of them. */
  readonly isCut: boolean
}

/** That something is wrong with the subjects (models.md: `…/advisory/v1`). */
export interface Advisory {
  /** poisoned, withdrawn, superseded, disputed, … */
  readonly status: string
  readonly reason: string
}

/** Digests of one statement that lead somewhere: what is above is refused where it stands in standard fields. */
export const MAX_STATEMENT_DIGESTS = 4096
const MAX_ROLES = 64
const MAX_PROPERTIES = 64
const COMPLETENESS = ['all', 'partial', 'undisclosed', 'none']
const ADVISORY = /\/advisory\/v[0-9]+(\.[0-9]+)*$/
const SVR = /^https:\/\/in-toto\.io\/attestation\/svr\/v0\.[0-9]+$/

/** @throws TlogError ENVELOPE_MALFORMED when it is no statement */
export function parseCustody(payload: Uint8Array): CustodyStatement {
  const statement = claimedStatement(payload)
  if (statement === null) throw new TlogError('ENVELOPE_MALFORMED', 'not JSON with the `_type` of a statement')
  return custodyOf(statement)
}

export function custodyOf(statement: JsonValue): CustodyStatement {
  const predicateType = textOf(field(statement, 'predicateType'))
  const predicate = field(statement, 'predicate')
  const build = field(predicate, 'buildDefinition')
  const subjects = artifactsOf(field(statement, 'subject'))
  const stated = standardDependencies(predicate)
  const parts = partsOf(predicateType, predicate)
  const billed = billOf(predicateType, predicate, subjects)
  const isCut = countDigests([subjects, stated, parts, billed]) > MAX_STATEMENT_DIGESTS
  return {
    predicateType,
    buildType: textOf(field(build, 'buildType')) || textOf(field(predicate, 'buildType')),
    builder:
      textOf(field(field(field(predicate, 'runDetails'), 'builder'), 'id')) ||
      textOf(field(field(predicate, 'builder'), 'id')),
    subjects,
    parts: isCut ? [] : parts,
    dependencies: isCut ? stated : [...stated, ...billed],
    completeness: completenessOf(field(build, 'lineage_completeness')),
    advisory: advisoryOf(predicateType, predicate),
    properties: SVR.test(predicateType)
      ? itemsOf(field(predicate, 'properties')).slice(0, MAX_PROPERTIES).map(textOf)
      : [],
    isCut,
  }
}

/** SLSA v1, SLSA v0.2 and in-toto links, in-toto references. */
function standardDependencies(predicate: JsonValue): CustodyArtifact[] {
  const build = field(predicate, 'buildDefinition')
  const builder = field(field(predicate, 'runDetails'), 'builder')
  return [
    ...artifactsOf(field(build, 'resolvedDependencies')),
    ...artifactsOf(field(builder, 'builderDependencies'), 'builder'),
    ...artifactsOf(field(predicate, 'materials'), 'material'),
    ...artifactsOf(field(predicate, 'references'), 'reference'),
  ]
}

function partsOf(predicateType: string, predicate: JsonValue): CustodyArtifact[] {
  if (predicateType === OMS_PREDICATE_TYPE)
    return itemsOf(field(predicate, 'resources')).flatMap((resource) => {
      const digest = digestText(textOf(field(resource, 'algorithm')), field(resource, 'digest'))
      return digest === null ? [] : [plainArtifact(textOf(field(resource, 'name')), [digest], 'part')]
    })
  if (ADVISORY.test(predicateType)) return artifactsOf(field(predicate, 'affects'), 'affected')
  return []
}

function billOf(predicateType: string, predicate: JsonValue, subjects: readonly CustodyArtifact[]): CustodyArtifact[] {
  const own = new Set(subjects.flatMap(({ digests }) => digests))
  if (/^https:\/\/cyclonedx\.org\/bom\b/.test(predicateType)) return cycloneDxDependencies(predicate, own)
  if (/^https:\/\/spdx\.dev\/Document\b/.test(predicateType)) return spdxDependencies(predicate, own)
  return []
}

function completenessOf(stated: JsonValue): ReadonlyMap<string, string> {
  const entries = isJsonObject(stated) ? Object.entries(stated).slice(0, MAX_ROLES) : []
  return new Map(
    entries.flatMap(([role, said]) =>
      typeof said === 'string' && COMPLETENESS.includes(said) ? [[textOf(role), said] as const] : [],
    ),
  )
}

function advisoryOf(predicateType: string, predicate: JsonValue): Advisory | null {
  if (!ADVISORY.test(predicateType)) return null
  return { status: textOf(field(predicate, 'status')) || 'disputed', reason: textOf(field(predicate, 'reason')) }
}

function countDigests(lists: readonly (readonly CustodyArtifact[])[]): number {
  return new Set(lists.flat().flatMap(({ digests }) => digests)).size
}
