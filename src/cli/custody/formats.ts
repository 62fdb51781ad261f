/** The graph for other programs: JSON, Graphviz, Mermaid, and a picture. Nothing of a name acts in any of them. */

import { safeJson, visible } from '../../formats/visible.ts'
import type { Collected, OpenedStatement } from './collect.ts'
import { advisoriesOf, conflictsOf, edgesBy, type Graph, type GraphEdge, type GraphNode, isNamed } from './graph.ts'
import type { CustodyVerdict } from './verdict.ts'
import { edgeWords, nameOf } from './words.ts'

const COLORS = { verified: '#1a7f37', 'hash-linked': '#0969da', claimed: '#8b949e', contained: '#6e40c9' } as const
const RED = '#cf222e'

export function jsonOf(
  graph: Graph,
  { faults, withdrawn, passedOver, unasked, isCut, isDeeper, statements, unused, heads }: Collected,
  verdict: CustodyVerdict,
): string {
  return safeJson({
    ...verdict,
    root: graph.root,
    artifacts: [...graph.nodes.values()].map((node) => ({
      ...{ id: node.id, name: node.name, statements: node.about.map(({ payload }) => payload) },
      conflict: conflictsOf(node).length > 0,
    })),
    edges: graph.edges.map(({ by, ...edge }) => ({ ...edge, statement: by?.payload ?? null })),
    statements: statements.map(statementJson),
    faults,
    withdrawn,
    passedOver,
    unasked,
    unused,
    logs: [...heads].map(([origin, size]) => ({ origin, size })),
    cut: isCut,
    deeper: isDeeper,
  })
}

function statementJson({ payload, statement, signatures }: OpenedStatement): object {
  const { predicateType, buildType, advisory, completeness, properties, cut } = statement
  return {
    payload,
    predicateType,
    buildType,
    advisory,
    completeness: Object.fromEntries(completeness),
    properties,
    cut,
    signatures,
  }
}

export function dotOf(graph: Graph): string {
  const { ids, nodes } = numbered(graph)
  const lines = nodes.map(
    ({ node, id }) => `  ${id} [label=${quoted(labelOf(node))}${isBad(node) ? `, color="${RED}"` : ''}];`,
  )
  const edges = graph.edges.map(
    (edge) =>
      `  ${ids.get(edge.made)} -> ${ids.get(edge.from)} [label=${quoted(wordsOf(edge))}, color="${COLORS[edge.state]}"];`,
  )
  return ['digraph custody {', '  node [shape=box];', ...lines, ...edges, '}'].join('\n')
}

export function mermaidOf(graph: Graph): string {
  const { ids, nodes } = numbered(graph)
  const lines = nodes.map(({ node, id }) => `  ${id}["${codes(labelOf(node))}"]`)
  const edges = graph.edges.map(
    (edge) => `  ${ids.get(edge.made)} -->|"${codes(wordsOf(edge))}"| ${ids.get(edge.from)}`,
  )
  const bad = nodes.filter(({ node }) => isBad(node)).map(({ id }) => `  style ${id} stroke:${RED}`)
  return ['flowchart LR', ...lines, ...edges, ...bad].join('\n')
}

const BOX = { width: 260, height: 40, column: 340, row: 60, margin: 20 } as const

/** Columns by the distance from the root. */
export function svgOf(graph: Graph): string {
  const columns = columnsOf(graph)
  const at = new Map<string, { x: number; y: number }>()
  const filled = new Map<number, number>()
  for (const [id, column] of columns) {
    const row = filled.get(column) ?? 0
    filled.set(column, row + 1)
    at.set(id, { x: BOX.margin + column * BOX.column, y: BOX.margin + row * BOX.row })
  }
  const width = BOX.margin * 2 + filled.size * BOX.column
  const height = BOX.margin * 2 + [...filled.values()].reduce((a, b) => Math.max(a, b), 1) * BOX.row
  const lines = graph.edges.flatMap(({ made, from, state }) => {
    const [a, b] = [at.get(made), at.get(from)]
    if (a === undefined || b === undefined) return []
    const [y1, y2] = [a.y + BOX.height / 2, b.y + BOX.height / 2]
    return [`<line x1="${a.x + BOX.width}" y1="${y1}" x2="${b.x}" y2="${y2}" stroke="${COLORS[state]}"/>`]
  })
  const boxes = [...at].map(([id, { x, y }]) => box(graph.nodes.get(id) as GraphNode, x, y))
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="12">`
  return [head, ...lines, ...boxes, '</svg>'].join('\n')
}

function box(node: GraphNode, x: number, y: number): string {
  const frame = `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" fill="white" stroke="${isBad(node) ? RED : 'black'}"/>`
  return `${frame}<text x="${x + 8}" y="${y + 24}">${entities(labelOf(node).slice(0, 34))}</text>`
}

function columnsOf({ root, nodes, edges }: Graph): Map<string, number> {
  const columns = new Map<string, number>([[root, 0]])
  const [made, from] = [edgesBy(edges, 'made'), edgesBy(edges, 'from')]
  // A map goes on over what is added to it.
  for (const [id, column] of columns)
    for (const edge of [...(made.get(id) ?? []), ...(from.get(id) ?? [])])
      for (const next of [edge.made, edge.from]) if (!columns.has(next)) columns.set(next, column + 1)
  for (const id of nodes.keys()) if (!columns.has(id)) columns.set(id, 0)
  return columns
}

function numbered({ nodes }: Graph) {
  const list = [...nodes.values()].map((node, i) => ({ node, id: `n${i}` }))
  return { nodes: list, ids: new Map(list.map(({ node, id }) => [node.id, id])) }
}

function labelOf({ id, name }: GraphNode): string {
  return visible(`${nameOf(name)} ${id.slice(0, 24)}`.trim())
}

function wordsOf(edge: GraphEdge): string {
  return visible([edgeWords(edge), edge.state].filter((word) => word !== '').join(', '))
}

function isBad(node: GraphNode): boolean {
  return advisoriesOf(node).some(isNamed)
}

/** Of Graphviz, which reads entities in labels too. */
function quoted(text: string): string {
  return `"${text.replaceAll('&', '&amp;').replaceAll(/["\\]/g, '\\$&')}"`
}

/** Mermaid's own, of all that could begin something: its directives, comments, icons and formulas act inside of labels too. */
function codes(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._-]/gu, (char) => `#${char.codePointAt(0)};`)
}

/** Of XML. */
function entities(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
