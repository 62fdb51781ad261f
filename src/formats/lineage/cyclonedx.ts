/** CycloneDX: pedigree, model cards, components. Of a bill no more is read than leads from a digest to a digest. Total. */

import type { JsonValue } from '../json.ts'
import { distinct, hashText, listed, MAX_ELEMENTS } from './bill.ts'
import { type CustodyArtifact, field, itemsOf, plainArtifact, textOf } from './descriptor.ts'

/** Components within components, and ancestors of ancestors. */
const MAX_DEPTH = 8

interface Component {
  readonly json: JsonValue
  readonly artifact: CustodyArtifact
}

export function isCycloneDx(json: JsonValue): boolean {
  return field(json, 'bomFormat') === 'CycloneDX'
}

/**
 * What a bill by itself is about: its main component; without one that has a digest, the one model in it that is nobody's
 * ancestor. Of several, it does not say.
 */
export function cycloneDxSubjects(bom: JsonValue): CustodyArtifact[] {
  const main = componentArtifact(mainOf(bom), '')
  if (main.digests.length > 0) return [main]
  const models = componentsOf(bom).filter(
    ({ json, artifact }) => field(json, 'type') === 'machine-learning-model' && artifact.digests.length > 0,
  )
  const ancestors = new Set(models.flatMap(({ json }) => ancestorsOf(json, 0)).flatMap(({ digests }) => digests))
  const [only, second] = models.filter(({ artifact }) => !artifact.digests.some((digest) => ancestors.has(digest)))
  return only === undefined || second !== undefined ? [] : [{ ...only.artifact, role: '' }]
}

/** What the bill says that `subjects` were made of: ancestors, data sets, and whatever else it has a digest of. */
export function cycloneDxDependencies(bom: JsonValue, subjects: ReadonlySet<string>): CustodyArtifact[] {
  const main = mainOf(bom)
  const components = componentsOf(bom)
  const byRef = new Map(components.map(({ json, artifact }) => [textOf(field(json, 'bom-ref')), artifact]))
  const isSubject = ({ json, artifact }: Component) =>
    json === main || artifact.digests.some((digest) => subjects.has(digest))
  const described = components
    .filter(isSubject)
    .flatMap(({ json }) => [...ancestorsOf(json, 0), ...dataOf(json, byRef)])
  const others = components.filter((component) => !isSubject(component)).map(({ artifact }) => artifact)
  return distinct([...described, ...others])
}

function mainOf(bom: JsonValue): JsonValue {
  return field(field(bom, 'metadata'), 'component')
}

function componentsOf(bom: JsonValue): Component[] {
  return [mainOf(bom), ...itemsOf(field(bom, 'components'))].flatMap((json) => componentsIn(json, 0))
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
