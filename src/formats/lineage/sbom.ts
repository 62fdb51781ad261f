/**
 * Bills of materials as predicates: CycloneDX (pedigree, model cards) and SPDX 3 (its graph of elements). Of these documents
 * no more is read than leads from a digest to a digest. Total, as descriptor.ts.
 */

import type { JsonValue } from '../json.ts'
import { type CustodyArtifact, digestText, field, itemsOf, plainArtifact, textOf } from './descriptor.ts'

/** Components and elements that are looked at; a bill of an image has more, and custody is not about those. */
const MAX_ELEMENTS = 10_000
/** Components within components, and ancestors of ancestors. */
const MAX_DEPTH = 8

/** `SHA-256` of CycloneDX, `sha256` of SPDX. */
function hashText(name: JsonValue, value: JsonValue): string | null {
  return digestText(
    textOf(name)
      .toLowerCase()
      .replace(/^sha-(?=[0-9]{3}$)/, 'sha'),
    value,
  )
}

function listed(values: readonly (string | null)[]): string[] {
  return values.filter((value) => value !== null)
}

interface Component {
  readonly json: JsonValue
  readonly artifact: CustodyArtifact
}

/** What the document says that `subjects` were made of: ancestors, data sets, and whatever else it has a digest of. */
export function cycloneDxDependencies(bom: JsonValue, subjects: ReadonlySet<string>): CustodyArtifact[] {
  const main = field(field(bom, 'metadata'), 'component')
  const components = [main, ...itemsOf(field(bom, 'components'))].flatMap((json) => componentsIn(json, 0))
  const byRef = new Map(components.map(({ json, artifact }) => [textOf(field(json, 'bom-ref')), artifact]))
  const isSubject = ({ json, artifact }: Component) =>
    json === main || artifact.digests.some((digest) => subjects.has(digest))
  const described = components
    .filter(isSubject)
    .flatMap(({ json }) => [...ancestorsOf(json, 0), ...dataOf(json, byRef)])
  const others = components.filter((component) => !isSubject(component)).map(({ artifact }) => artifact)
  return distinct([...described, ...others])
}

function componentsIn(json: JsonValue, depth: number): Component[] {
  const artifact = componentArtifact(json, 'component')
  const inner = depth < MAX_DEPTH ? itemsOf(field(json, 'components')).slice(0, MAX_ELEMENTS) : []
  return [{ json, artifact }, ...inner.flatMap((each) => componentsIn(each, depth + 1))].slice(0, MAX_ELEMENTS)
}

function componentArtifact(json: JsonValue, role: string): CustodyArtifact {
  const hashes = itemsOf(field(json, 'hashes')).map((hash) => hashText(field(hash, 'alg'), field(hash, 'content')))
  const isData = field(json, 'type') === 'data'
  return plainArtifact(textOf(field(json, 'name')), listed(hashes), isData && role === 'component' ? 'dataset' : role)
}

function ancestorsOf(json: JsonValue, depth: number): CustodyArtifact[] {
  const ancestors = depth < MAX_DEPTH ? itemsOf(field(field(json, 'pedigree'), 'ancestors')) : []
  return ancestors.flatMap((each) => [componentArtifact(each, 'base-model'), ...ancestorsOf(each, depth + 1)])
}

function dataOf(json: JsonValue, byRef: ReadonlyMap<string, CustodyArtifact>): CustodyArtifact[] {
  const sets = itemsOf(field(field(field(json, 'modelCard'), 'modelParameters'), 'datasets'))
  return sets.flatMap((set) => {
    const named = byRef.get(textOf(field(set, 'ref')))
    return named === undefined ? [] : [{ ...named, role: 'dataset' }]
  })
}

/** Which end of a relationship was fed by the other, and as what. */
const RELATIONS: ReadonlyMap<string, { readonly fed: 'from' | 'to'; readonly role: string }> = new Map([
  ['trainedOn', { fed: 'from', role: 'dataset' }],
  ['testedOn', { fed: 'from', role: 'evaluation' }],
  ['descendantOf', { fed: 'from', role: 'base-model' }],
  ['ancestorOf', { fed: 'to', role: 'base-model' }],
  ['hasInput', { fed: 'from', role: 'source' }],
  ['usesTool', { fed: 'from', role: 'tool' }],
  ['contains', { fed: 'from', role: 'component' }],
  ['hasDataFile', { fed: 'from', role: 'dataset' }],
])

/** As cycloneDxDependencies. An element is itself, or what it is related to: chains within the document are followed once. */
export function spdxDependencies(document: JsonValue, subjects: ReadonlySet<string>): CustodyArtifact[] {
  const elements = itemsOf(field(document, '@graph')).slice(0, MAX_ELEMENTS)
  const artifacts = new Map(elements.map((element) => [idOf(element), spdxArtifact(element)]))
  const isSubject = (id: string) => artifacts.get(id)?.digests.some((digest) => subjects.has(digest)) === true
  const found = elements.flatMap((element) => {
    const relation = RELATIONS.get(textOf(field(element, 'relationshipType')))
    if (relation === undefined) return []
    const from = textOf(field(element, 'from'))
    const to = itemsOf(field(element, 'to')).map(textOf)
    const pairs = to.map((other) => (relation.fed === 'from' ? [from, other] : [other, from]) as [string, string])
    return pairs
      .filter(([fed]) => isSubject(fed))
      .flatMap(([, source]) => {
        const artifact = artifacts.get(source)
        return artifact === undefined ? [] : [{ ...artifact, role: relation.role }]
      })
  })
  return distinct(found)
}

function idOf(element: JsonValue): string {
  return textOf(field(element, 'spdxId')) || textOf(field(element, '@id'))
}

function spdxArtifact(element: JsonValue): CustodyArtifact {
  const hashes = itemsOf(field(element, 'verifiedUsing')).map((hash) =>
    hashText(field(hash, 'algorithm'), field(hash, 'hashValue')),
  )
  return plainArtifact(textOf(field(element, 'name')), listed(hashes), '')
}

/** Without a digest nothing leads on; the same one twice is one. */
function distinct(artifacts: readonly CustodyArtifact[]): CustodyArtifact[] {
  const byDigests = new Map<string, CustodyArtifact>()
  for (const artifact of artifacts) {
    const key = artifact.digests.join()
    if (key !== '' && !byDigests.has(key)) byDigests.set(key, artifact)
  }
  return [...byDigests.values()]
}
