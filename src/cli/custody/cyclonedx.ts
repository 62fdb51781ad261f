/** The graph as a CycloneDX 1.7 bill: components by their hashes, what each was made from as its pedigree, and the data sets of its model card. */

import { sha256 } from '#sha256'
import { below } from '../../client/ask.ts'
import type { Direction } from '../../client/custody.ts'
import type { CustodyArtifact } from '../../formats/lineage/statement.ts'
import { safeJson } from '../../formats/visible.ts'
import { hex, utf8 } from '../../kernel/bytes.ts'
import { type Graph, type GraphEdge, type GraphNode, isNamed } from './graph.ts'

/** By in-toto's names, those that the format has. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['sha256', 'SHA-256'],
  ['sha384', 'SHA-384'],
  ['sha512', 'SHA-512'],
  ['sha1', 'SHA-1'],
])
/** Of those, in hex digits. */
const LENGTHS = [32, 40, 64, 96, 128]
const ENTRY = /^\/logs\/[a-z0-9-]+\/entries\/\d+$/
const DATA_ROLES = ['dataset', 'calibration', 'document']
const MODEL_ROLES = ['base-model', 'weights', 'adapter']
/** Ancestors stand whole inside each component. */
const MAX_ANCESTORS = 1000

/** Only what named signers say: a bill is taken for the truth. */
export function cycloneDxOf(graph: Graph, url: string, direction: Direction): string {
  const edges = graph.edges.filter(({ by }) => by === null || isNamed(by))
  const ids = new Set([graph.root, ...edges.flatMap(({ made, from }) => [made, from])])
  const nodes = [...graph.nodes.values()].filter(({ id }) => ids.has(id))
  const components = nodes.map((node) => component(node, edges, graph.nodes, url))
  const incomplete = nodes.filter(({ id }) => edges.some(({ made }) => made === id))
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    version: 1,
    components,
    compositions: incomplete.map((node) => ({ aggregate: aggregateOf(node, direction), assemblies: [refOf(node.id)] })),
  }
  // The same graph has the same number.
  const number = hex(sha256(utf8(JSON.stringify(bill))))
  const [, a, b, c, d, e] = /^(.{8})(.{4})(.{3})(.{3})(.{12})/.exec(number) ?? []
  return safeJson({ ...bill, serialNumber: `urn:uuid:${a}-${b}-8${c}-8${d}-${e}` })
}

function component(
  node: GraphNode,
  edges: readonly GraphEdge[],
  nodes: ReadonlyMap<string, GraphNode>,
  url: string,
): object {
  const fed = edges.filter(({ made }) => made === node.id)
  const data = fed.filter(({ role }) => DATA_ROLES.includes(role))
  const ancestors = fed.filter((edge) => !data.includes(edge)).slice(0, MAX_ANCESTORS)
  const type = typeOf(node, edges)
  const attested = node.about.filter(isNamed).flatMap(({ payload, signatures }) =>
    signatures
      .filter(({ place }) => ENTRY.test(place)) // and not a file of the caller's
      .slice(0, 1)
      .map(({ place }) => ({ type: 'attestation', url: below(url, place), comment: `sha256:${payload}` })),
  )
  return {
    ...identified(node, type),
    'bom-ref': refOf(node.id),
    ...(ancestors.length > 0 && {
      pedigree: { ancestors: ancestors.map(({ from, role }) => identifiedAs(nodes.get(from), edges, role)) },
    }),
    ...(type === 'machine-learning-model' &&
      data.length > 0 && {
        modelCard: { modelParameters: { datasets: data.map(({ from }) => ({ ref: refOf(from) })) } },
      }),
    ...(attested.length > 0 && { externalReferences: attested }),
  }
}

function identifiedAs(node: GraphNode | undefined, edges: readonly GraphEdge[], role: string): object {
  if (node === undefined) return {}
  return identified(node, typeOf(node, edges), role === '' ? [] : [property('role', role)])
}

function identified({ id, name, about }: GraphNode, type: string, notes: readonly object[] = []): object {
  const digests = digestsOf(
    id,
    about.filter(isNamed).flatMap(({ statement }) => statement.subjects),
  )
  const isHash = ([algorithm, content]: Named) => HASHES.has(algorithm) && LENGTHS.includes(content.length)
  const hashes = digests.filter(isHash).map(([algorithm, content]) => ({ alg: HASHES.get(algorithm), content }))
  const others = digests.filter((digest) => !isHash(digest))
  const properties = [...notes, ...others.map(([algorithm, content]) => property(`digest:${algorithm}`, content))]
  return { type, name: name || id, ...(hashes.length > 0 && { hashes }), ...(properties.length > 0 && { properties }) }
}

type Named = readonly [algorithm: string, digits: string]

function digestsOf(id: string, subjects: readonly CustodyArtifact[]): Named[] {
  const known = subjects.filter(({ digests }) => digests.includes(id)).flatMap(({ digests }) => digests)
  return [...new Set([id, ...known])].map((digest) => {
    const colon = digest.lastIndexOf(':')
    return [digest.slice(0, colon), digest.slice(colon + 1)] as const
  })
}

function typeOf({ id }: GraphNode, edges: readonly GraphEdge[]): string {
  const roles = edges.filter(({ from }) => from === id).map(({ role }) => role)
  if (roles.some((role) => DATA_ROLES.includes(role))) return 'data'
  const isModel = roles.some((role) => MODEL_ROLES.includes(role))
  const hasModel = edges.some(({ made, role }) => made === id && [...MODEL_ROLES, 'dataset'].includes(role))
  return isModel || hasModel ? 'machine-learning-model' : 'file'
}

/** By the word of all who made it: `complete` only where nobody keeps anything back. */
function aggregateOf({ about }: GraphNode, direction: Direction): string {
  const said = about.filter(isNamed).flatMap(({ statement }) => [...statement.completeness.values()])
  if (direction === 'down' || said.length === 0) return 'unknown'
  return said.every((word) => word === 'all' || word === 'none') ? 'complete' : 'incomplete'
}

function property(name: string, value: string): object {
  return { name: `colophon:${name}`, value }
}

function refOf(id: string): string {
  return `digest:${id}`
}
