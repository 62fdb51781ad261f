/** Statements that were opened, as a graph of artifacts: each edge with what it rests on. Pure. */

import type { CustodyArtifact } from '../../formats/lineage/statement.ts'
import type { Collected, Fault, OpenedStatement, WithdrawnStatement } from './collect.ts'
import { countedOf, upstreamOf } from './counted.ts'

export type EdgeState =
  /** Somebody whose word counts says so, and one of them signed a statement about what is at its end. */
  | 'verified'
  /** The very statement that was meant is in the log, by whomever. */
  | 'hash-linked'
  /** It is said, and nothing more. */
  | 'claimed'
  /** Seen in the file itself, or in the manifest of a data set. */
  | 'contained'

export interface GraphNode {
  /** Its digest, the SHA-256 where it has one. */
  readonly id: string
  readonly name: string
  /** Statements about it, by payload. */
  readonly about: readonly OpenedStatement[]
  /** What the server lists about it, and what did not hold or was not to be seen. */
  readonly faults: readonly Fault[]
  /** And what the operator took back. */
  readonly withdrawn: readonly WithdrawnStatement[]
}

export interface GraphEdge {
  /** What was made, and from what: ids of nodes. */
  readonly made: string
  readonly from: string
  readonly role: string
  readonly relation: string
  readonly state: EdgeState
  /** Of the statement that says so; null where it was seen. */
  readonly by: OpenedStatement | null
}

export interface Graph {
  readonly root: string
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly edges: readonly GraphEdge[]
  /** Ids of what was made in one step, by the word of one statement. */
  readonly together: readonly (readonly string[])[]
  /** Digests of the root and of what it was made from, by words that count. */
  readonly upstream: ReadonlySet<string>
}

/** Something that was looked at here: a part of a file, a document of a data set. */
export interface SeenPart {
  readonly name: string
  readonly role: string
  readonly digests: readonly string[]
  /** Digests of what it is in. */
  readonly within: readonly string[]
}

export interface Subject {
  readonly name: string
  readonly digests: readonly string[]
}

export function isNamed({ signatures }: OpenedStatement): boolean {
  return signatures.some((one) => one.isNamed)
}

export function buildGraph(
  { statements: opened, faults, withdrawn }: Pick<Collected, 'statements' | 'faults' | 'withdrawn'>,
  subject: Subject,
  seen: readonly SeenPart[],
): Graph {
  const ids = new Ids()
  // Whoever comes first says what is one artifact, and what it is called.
  const statements = [...opened.filter(isNamed), ...opened.filter((one) => !isNamed(one))]
  for (const { digests } of [subject, ...seen, ...statements.flatMap(descriptorsOf)]) ids.learn(digests)
  const nodes = new Map<string, GraphNode>()
  const names = namesOf(ids, { statements, subject, seen })
  const node = (digests: readonly string[]): string | null => {
    const id = ids.of(digests)
    if (id !== null && !nodes.has(id))
      nodes.set(id, { id, name: names.get(id) ?? '', about: [], faults: [], withdrawn: [] })
    return id
  }
  const root = node(subject.digests) ?? ''
  for (const statement of statements)
    for (const { digests } of [...statement.statement.subjects, ...statement.statement.parts]) {
      const id = node(digests)
      const known = id === null ? undefined : nodes.get(id)
      if (known !== undefined && !known.about.includes(statement))
        nodes.set(known.id, { ...known, about: [...known.about, statement] })
    }
  for (const fault of faults) {
    const known = nodes.get(ids.of([fault.artifact]) ?? '')
    if (known !== undefined) nodes.set(known.id, { ...known, faults: [...known.faults, fault] })
  }
  for (const gone of withdrawn) {
    const known = nodes.get(ids.of([gone.artifact]) ?? '')
    if (known !== undefined) nodes.set(known.id, { ...known, withdrawn: [...known.withdrawn, gone] })
  }
  const payloads = new Map(statements.map((one) => [one.payload, one]))
  const said = statements.flatMap((by) =>
    edgesOf(by, node, (from, link) => stateOf(nodes.get(from), { by, link, payloads })),
  )
  const met = (digests: readonly string[]) => ids.of(digests) ?? ''
  const looked = seen.flatMap(({ digests, role, within }): GraphEdge[] => {
    const [made, from] = [met(within), met(digests)]
    const isMet = made !== from && (nodes.has(made) || nodes.has(from))
    if (!isMet || node(within) === null || node(digests) === null) return []
    return [{ made, from, role, relation: '', state: 'contained', by: null }]
  })
  const together = statements.map(({ statement }) => [
    ...new Set(statement.subjects.flatMap(({ digests }) => node(digests) ?? [])),
  ])
  const upstream = upstreamOf(subject.digests, { counted: countedOf({ statements, isNamed }), seen })
  return { root, nodes, edges: [...looked, ...said], together: together.filter((one) => one.length > 1), upstream }
}

function descriptorsOf({ statement: { subjects, parts, dependencies } }: OpenedStatement): CustodyArtifact[] {
  return [...subjects, ...parts, ...dependencies]
}

interface Naming {
  readonly statements: readonly OpenedStatement[]
  readonly subject: Subject
  readonly seen: readonly SeenPart[]
}

/** Who made something says what it is called, before those who took it. */
function named(statements: readonly OpenedStatement[]): CustodyArtifact[] {
  const taken = statements.flatMap(({ statement }) => statement.dependencies)
  return [...statements.flatMap(({ statement: { subjects, parts } }) => [...subjects, ...parts]), ...taken]
}

/** By ids. Strangers name what they alone speak of. */
function namesOf(ids: Ids, { statements, subject, seen }: Naming): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const learn = (digests: readonly string[], name: string) => {
    const id = ids.of(digests) ?? ''
    names.set(id, names.get(id) || name)
  }
  learn(subject.digests, subject.name)
  for (const { digests, name, uri } of named(statements.filter(isNamed))) learn(digests, name || uri)
  for (const { digests, name } of seen) learn(digests, name)
  const settled = new Set(names.keys())
  for (const { digests, name, uri } of named(statements))
    if (!settled.has(ids.of(digests) ?? '')) learn(digests, name || uri)
  return names
}

type AddNode = (digests: readonly string[]) => string | null

function edgesOf(
  by: OpenedStatement,
  node: AddNode,
  state: (from: string, link: CustodyArtifact['link']) => EdgeState,
): GraphEdge[] {
  const { subjects, dependencies } = by.statement
  // One node of a model's many: the files of one step stand together, and are not drawn with the same lines each.
  const made = subjects.map(({ digests }) => node(digests)).find((id) => id !== null)
  if (made === undefined || made === null) return []
  return dependencies.flatMap(({ digests, role, relation, link }): GraphEdge[] => {
    const from = node(digests)
    return from === null ? [] : [{ made, from, role, relation, state: state(from, link), by }]
  })
}

interface Stated {
  readonly by: OpenedStatement
  readonly link: string | null
  readonly payloads: ReadonlyMap<string, OpenedStatement>
}

function stateOf(node: GraphNode | undefined, { by, link, payloads }: Stated): EdgeState {
  if (isNamed(by) && node?.about.some(isNamed) === true) return 'verified'
  const meant = link === null ? undefined : payloads.get(link)
  return meant !== undefined && node?.about.includes(meant) === true ? 'hash-linked' : 'claimed'
}

/** What is one artifact under several digests. Whoever is learnt from first decides. */
class Ids {
  readonly #ids = new Map<string, string>()

  learn(digests: readonly string[]): void {
    const id = this.of(digests)
    if (id !== null) for (const digest of digests) if (!this.#ids.has(digest)) this.#ids.set(digest, id)
  }

  of(digests: readonly string[]): string | null {
    const known = digests.find((digest) => this.#ids.has(digest))
    if (known !== undefined) return this.#ids.get(known) ?? null
    return digests.find((digest) => digest.startsWith('sha256:')) ?? digests[0] ?? null
  }
}

/** Each under the id of that end: of thousands of edges none is looked for twice. */
export function edgesBy(edges: readonly GraphEdge[], end: 'made' | 'from'): ReadonlyMap<string, readonly GraphEdge[]> {
  return Map.groupBy(edges, (edge) => edge[end])
}

/** Two steps that say they made the same, each from something else. */
export function conflictsOf({ about }: GraphNode): readonly OpenedStatement[] {
  const steps = about.filter(({ statement }) => statement.dependencies.length > 0)
  const fed = (one: OpenedStatement) =>
    JSON.stringify(one.statement.dependencies.map(({ digests }) => digests.toSorted()).sort())
  return new Set(steps.map(fed)).size > 1 ? steps : []
}

export function advisoriesOf({ about }: GraphNode): readonly OpenedStatement[] {
  return about.filter(({ statement }) => statement.advisory !== null)
}
