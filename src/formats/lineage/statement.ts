/**
 * What an in-toto statement, or a bill of materials by itself, says of custody, whatever its predicate: of which artifacts it speaks, from what they were made,
 * and what it keeps to itself (docs/custody-graph.md). Read from standard fields and `lineage_` annotations, whatever the base
 * of their identifiers. Total: a statement of another shape speaks of less.
 */

import { TlogError } from '../../kernel/error.ts'
import { isJsonObject, type JsonValue } from '../json.ts'
import { orNull } from '../located.ts'
import { claimedStatement, OMS_PREDICATE_TYPE, parseLogged } from '../sigstore/statement.ts'
import { type Cut, fitted } from './bound.ts'
import { cycloneDxDependencies, cycloneDxSubjects, isCycloneDx } from './cyclonedx.ts'
import { artifactsOf, type CustodyArtifact, digestText, field, itemsOf, plainArtifact, textOf } from './descriptor.ts'
import { isSpdx3, spdxDependencies, spdxSubjects } from './spdx.ts'

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
  /** What it lists more of than is looked at: the rest is left out here. */
  readonly cut: readonly Cut[]
}

/** That something is wrong with the subjects (models.md: `…/advisory/v1`). */
export interface Advisory {
  /** poisoned, withdrawn, superseded, disputed, … */
  readonly status: string
  readonly reason: string
}

const MAX_ROLES = 64
const MAX_PROPERTIES = 64
const COMPLETENESS = ['all', 'partial', 'undisclosed', 'none']
const ADVISORY = /\/advisory\/v[0-9]+(\.[0-9]+)*$/
const SVR = /^https:\/\/in-toto\.io\/attestation\/svr\/v0\.[0-9]+$/

/** @throws TlogError ENVELOPE_MALFORMED when it is neither a statement nor a bill of materials */
export function parseCustody(payload: Uint8Array): CustodyStatement {
  const json = claimedStatement(payload) ?? claimedBill(payload)
  if (json !== null) return custodyOf(json)
  throw new TlogError('ENVELOPE_MALFORMED', 'neither JSON with the `_type` of a statement, nor a bill of materials')
}

/** Of a statement; or of a bill of materials by itself, as if its predicate were that of a statement about what the bill is about. */
export function custodyOf(json: JsonValue): CustodyStatement {
  if (isBill(json))
    return isSpdx3(json)
      ? custodyOfBill(json, SPDX, spdxSubjects(json))
      : custodyOfBill(json, CYCLONEDX, cycloneDxSubjects(json))
  const predicateType = textOf(field(json, 'predicateType'))
  return custodyOfPredicate(field(json, 'predicate'), predicateType, artifactsOf(field(json, 'subject')))
}

/** A CycloneDX or SPDX 3 document; null for any other payload. */
export function claimedBill(payload: Uint8Array): JsonValue | null {
  const json = orNull(() => parseLogged(payload))
  return isBill(json) ? json : null
}

/** A statement that has the marks of a bill too is a statement. */
function isBill(json: JsonValue): boolean {
  return field(json, '_type') === null && (isCycloneDx(json) || isSpdx3(json))
}

const CYCLONEDX = 'https://cyclonedx.org/bom'
const SPDX = 'https://spdx.dev/Document'

/** Of something nothing was said where the document names nothing that it is about. */
function custodyOfBill(bill: JsonValue, type: string, subjects: readonly CustodyArtifact[]): CustodyStatement {
  return custodyOfPredicate(subjects.length === 0 ? null : bill, type, subjects)
}

function custodyOfPredicate(
  predicate: JsonValue,
  predicateType: string,
  subjects: readonly CustodyArtifact[],
): CustodyStatement {
  const build = field(predicate, 'buildDefinition')
  const dependencies = [...standardDependencies(predicate), ...billOf(predicateType, predicate, subjects)]
  return {
    predicateType,
    buildType: textOf(field(build, 'buildType')) || textOf(field(predicate, 'buildType')),
    builder:
      textOf(field(field(field(predicate, 'runDetails'), 'builder'), 'id')) ||
      textOf(field(field(predicate, 'builder'), 'id')),
    ...fitted({ subjects, dependencies, parts: partsOf(predicateType, predicate) }),
    completeness: completenessOf(
      field(build, 'lineage_completeness') ?? field(field(build, 'internalParameters'), 'lineage_completeness'),
    ),
    advisory: advisoryOf(predicateType, predicate),
    properties: SVR.test(predicateType)
      ? itemsOf(field(predicate, 'properties')).slice(0, MAX_PROPERTIES).map(textOf)
      : [],
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
