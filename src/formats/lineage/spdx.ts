/** SPDX 3: a graph of elements and their relationships. Of it no more is read than leads from a digest to a digest. Total. */

import type { JsonValue } from '../json.ts'
import { distinct, hashText, listed, MAX_ELEMENTS } from './bill.ts'
import { type CustodyArtifact, field, itemsOf, plainArtifact, textOf } from './descriptor.ts'

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
/** From a package to the files that it comes as: a package of a model has seldom a hash of its own. */
const COMES_AS = 'hasDistributionArtifact'
const CONTEXT = /^https:\/\/spdx\.org\/rdf\/3\.[0-9.]+\//
const COLLECTIONS = ['SpdxDocument', 'Bundle', 'Bom', 'software_Sbom']

export function isSpdx3(json: JsonValue): boolean {
  return CONTEXT.test(textOf(field(json, '@context'))) && itemsOf(field(json, '@graph')).length > 0
}

/** What a document by itself is about: the root elements of its collections, or the files that these come as. */
export function spdxSubjects(document: JsonValue): CustodyArtifact[] {
  const graph = new Graph(document)
  return distinct(graph.roots.flatMap((id) => graph.artifactsOf(id)))
}

/** What it says that `subjects` were made of. */
export function spdxDependencies(document: JsonValue, subjects: ReadonlySet<string>): CustodyArtifact[] {
  const graph = new Graph(document)
  const feeds = new Map<string, string>()
  for (const { type, from, to } of graph.related) {
    const relation = RELATIONS.get(type)
    if (relation === undefined) continue
    const pairs = to.map((other) => (relation.fed === 'to' ? ([other, from] as const) : ([from, other] as const)))
    for (const [fed, source] of pairs)
      if (!feeds.has(source) && graph.isOneOf(fed, subjects)) feeds.set(source, relation.role)
  }
  const found = [...feeds].flatMap(([id, role]) => graph.artifactsOf(id).map((artifact) => ({ ...artifact, role })))
  return distinct(found.filter(({ digests }) => !digests.some((digest) => subjects.has(digest))))
}

interface Relationship {
  readonly type: string
  readonly from: string
  readonly to: readonly string[]
}

class Graph {
  readonly roots: readonly string[]
  readonly related: readonly Relationship[]
  readonly #artifacts: ReadonlyMap<string, CustodyArtifact>
  readonly #files = new Map<string, string[]>()
  readonly #among = new Map<string, boolean>()

  constructor(document: JsonValue) {
    const elements = itemsOf(field(document, '@graph')).slice(0, MAX_ELEMENTS)
    this.#artifacts = new Map(elements.map((element) => [idOf(element), artifactIn(element)]))
    this.roots = elements
      .filter((element) => COLLECTIONS.includes(textOf(field(element, 'type'))))
      .flatMap((element) => itemsOf(field(element, 'rootElement')).map(textOf))
    this.related = elements.flatMap((element) => relationshipIn(element) ?? [])
    for (const { type, from, to } of this.related) {
      const files = this.#files.get(from) ?? []
      if (type === COMES_AS) for (const file of to) files.push(file)
      this.#files.set(from, files)
    }
  }

  /** Whether it is one of them. Each element is looked at once. */
  isOneOf(id: string, digests: ReadonlySet<string>): boolean {
    const known =
      this.#among.get(id) ?? this.artifactsOf(id).some((one) => one.digests.some((each) => digests.has(each)))
    this.#among.set(id, known)
    return known
  }

  /** Itself, and the files that it comes as, in its name. With digests alone. */
  artifactsOf(id: string): CustodyArtifact[] {
    const own = this.#artifacts.get(id)
    const files = (this.#files.get(id) ?? []).flatMap((file) => this.#artifacts.get(file) ?? [])
    const named = files.map((file) => ({ ...file, name: own?.name || file.name }))
    return [...(own === undefined ? [] : [own]), ...named].filter(({ digests }) => digests.length > 0)
  }
}

function relationshipIn(element: JsonValue): Relationship | null {
  const type = textOf(field(element, 'relationshipType'))
  const to = itemsOf(field(element, 'to')).map(textOf)
  return type === '' ? null : { type, from: textOf(field(element, 'from')), to }
}

function idOf(element: JsonValue): string {
  return textOf(field(element, 'spdxId')) || textOf(field(element, '@id'))
}

function artifactIn(element: JsonValue): CustodyArtifact {
  const hashes = itemsOf(field(element, 'verifiedUsing')).map((hash) =>
    hashText(field(hash, 'algorithm'), field(hash, 'hashValue')),
  )
  return plainArtifact(textOf(field(element, 'name')), listed(hashes), '')
}
