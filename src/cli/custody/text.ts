/** The graph as a tree for a person. Names from statements are escaped. */

import type { Direction } from '../../client/custody.ts'
import { visible } from '../../formats/visible.ts'
import type { Collected, Fault, OpenedStatement } from './collect.ts'
import { advisoriesOf, conflictsOf, edgesBy, type Graph, type GraphEdge, type GraphNode, isNamed } from './graph.ts'
import { type CustodyVerdict, withdrawnWords } from './verdict.ts'
import { edgeWords, nameOf, whose, wordOf } from './words.ts'

const HEADINGS = {
  verified: 'VERIFIED',
  'not verified': 'NOT VERIFIED',
  undetermined: 'COULD NOT BE DETERMINED',
} as const satisfies Record<CustodyVerdict['outcome'], string>

const HEX = 12

export function textOf(
  graph: Graph,
  { faults, withdrawn, passedOver, unasked, unused, heads }: Collected,
  verdict: CustodyVerdict,
  direction: Direction,
): string[] {
  const root = graph.nodes.get(graph.root)
  if (root === undefined) return []
  const { outcome, reasons, warnings } = verdict
  const lines = [
    `${HEADINGS[outcome]}: ${nameOf(root.name) || shortOf(root.id)}`,
    ...[...reasons, ...warnings].map((words) => `  ${words}`),
    '',
  ]
  new Tree(graph, direction, lines).draw(root)
  const inTree = new Set<object>([...graph.nodes.values()].flatMap((node) => [...node.faults, ...node.withdrawn]))
  const withheld = faults
    .filter((one) => !inTree.has(one))
    .map((one) => `  at ${shortOf(one.artifact)}: ${faultOf(one)}`)
  const passed = passedOver === 0 ? [] : [`  ${passedOver} by strangers, which could not be opened, were passed over`]
  const gone = withdrawn
    .filter((one) => !inTree.has(one))
    .map((one) => `  at ${shortOf(one.artifact)}: WITHDRAWN: ${withdrawnWords(one)}`)
  const aside = unasked === 0 ? [] : [`  ${unasked} artifacts to which strangers alone lead were not asked for`]
  const idle = unused.map(({ path, code, message }) => `  ${path}: ${code}: ${message}`)
  const seen = [...heads].map(([origin, size]) => `  as of entry ${size} of ${origin}`)
  return [...lines, ...withheld, ...gone, ...passed, ...aside, ...idle, ...seen, '', ...LEGEND].map(visible)
}

const LEGEND = [
  'verified: a signer that you named says so, and one speaks of what is there. hash-linked: what was meant is logged, by others.',
  'claimed: it is said. That the server shows all that there is, and that what they say is true, nobody can check.',
]

class Tree {
  readonly #graph: Graph
  readonly #direction: Direction
  readonly #lines: string[]
  readonly #drawn = new Set<string>()
  readonly #edges: ReadonlyMap<string, readonly GraphEdge[]>
  /** Each with those that were made in one step with it. */
  readonly #steps = new Map<string, (readonly string[])[]>()

  constructor(graph: Graph, direction: Direction, lines: string[]) {
    this.#graph = graph
    this.#direction = direction
    this.#lines = lines
    this.#edges = edgesBy(graph.edges, direction === 'up' ? 'made' : 'from')
    for (const group of graph.together)
      for (const id of group) this.#steps.set(id, [...(this.#steps.get(id) ?? []), group])
  }

  draw(root: GraphNode): void {
    this.#lines.push(`${labelOf(root)}`)
    this.#below(root, '')
  }

  #below(node: GraphNode, indent: string): void {
    if (this.#drawn.has(node.id)) return void this.#lines.push(`${indent}└─ (as above)`)
    this.#drawn.add(node.id)
    for (const note of notesOf(node)) this.#lines.push(`${indent}│  ${note}`)
    const children = this.#children(node)
    children.forEach(({ node: child, words }, i) => {
      const isLast = i === children.length - 1
      this.#lines.push(`${indent}${isLast ? '└─' : '├─'} ${words}  ${labelOf(child)}`)
      if (this.#isLeaf(child)) return
      this.#below(child, `${indent}${isLast ? '   ' : '│  '}`)
    })
  }

  #isLeaf(node: GraphNode): boolean {
    return notesOf(node).length === 0 && this.#children(node).length === 0
  }

  #children({ id }: GraphNode): { readonly node: GraphNode; readonly words: string }[] {
    const isUp = this.#direction === 'up'
    const steps = this.#steps.get(id) ?? []
    const mates = steps.flatMap((group) => group.filter((other) => other !== id))
    // What was made in one step has its lines at the first of them.
    const ends = isUp ? new Set([id, ...steps.map(([first = id]) => first)]) : [id]
    const found = [...ends].flatMap((end) => this.#edges.get(end) ?? [])
    const other = found.map((edge) => ({ id: isUp ? edge.from : edge.made, words: wordsOf(edge) }))
    const beside = isUp ? [] : mates.filter((mate) => !this.#drawn.has(mate))
    const all = [...other, ...beside.map((mate) => ({ id: mate, words: '[made with it]' }))]
    const distinct = new Map(all.map((one) => [`${one.id} ${one.words}`, one]))
    return [...distinct.values()].flatMap(({ id: next, words }) => {
      const node = this.#graph.nodes.get(next)
      return node === undefined ? [] : [{ node, words }]
    })
  }
}

function wordsOf(edge: GraphEdge): string {
  const { state, by } = edge
  const stranger = by === null || isNamed(by) ? '' : ", a stranger's word"
  return `${edgeWords(edge) || 'from'} [${state}${stranger}]`
}

function faultOf({ place, code, message, isLie }: Fault): string {
  return `${isLie ? 'NOT VERIFIED' : 'GAP'}: ${place}: ${code}: ${message}`
}

function labelOf({ id, name, about, faults, withdrawn }: GraphNode): string {
  const gap = about.length + faults.length + withdrawn.length === 0 ? '  GAP: no statement about it is shown' : ''
  return `${name === '' ? '' : `${nameOf(name)}  `}${shortOf(id)}${gap}`
}

/** Who says what about it: steps, advisories, what was found again, and what is kept silent. */
function notesOf(node: GraphNode): string[] {
  const conflict = conflictsOf(node)
  return [
    ...node.faults.map(faultOf),
    ...node.withdrawn.map((one) => `WITHDRAWN: ${withdrawnWords(one)}`),
    ...node.about.map((one) => `${stepOf(one)}: ${signersOf(one)}${conflict.includes(one) ? '  CONFLICT' : ''}`),
    ...advisoriesOf(node).map((one) => {
      const { status, reason } = one.statement.advisory ?? { status: '', reason: '' }
      return `${isNamed(one) ? 'ADVISORY' : 'advisory by a stranger'}: ${wordOf(status)}: ${reason}`
    }),
    ...node.about.flatMap((one) => {
      const { properties } = one.statement
      return properties.length === 0 ? [] : [`found again, ${whose(one)}: ${properties.map(wordOf).join(', ')}`]
    }),
    ...node.about.flatMap((one) =>
      [...one.statement.completeness]
        .filter(([, said]) => said !== 'all')
        .map(([role, said]) => `${wordOf(role)}: ${said}, ${whose(one)}`),
    ),
    ...node.about.flatMap(({ statement: { cut } }) => cut.map((what) => `GAP: of its ${what} the first are looked at`)),
  ]
}

function stepOf({ statement: { buildType, predicateType } }: OpenedStatement): string {
  return wordOf((buildType || predicateType).replace(/^https?:\/\//, ''))
}

function signersOf({ signatures }: OpenedStatement): string {
  return signatures
    .map(({ signer, isNamed, origin, index }) => {
      const who = signer.startsWith('key ') ? signer.slice(0, 4 + HEX) : signer
      return `${who}${isNamed ? '' : ' (a stranger)'}, ${origin} #${index}`
    })
    .join('; ')
}

function shortOf(digest: string): string {
  const colon = digest.lastIndexOf(':')
  return `${digest.slice(0, colon)}:${digest.slice(colon + 1, colon + 1 + HEX)}…`
}
