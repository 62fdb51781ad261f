/**
 * Three nodes, their PostgreSQL and their S3 store on hosts of their own. While clients write to all nodes, what is sent between some
 * of the hosts vanishes, one way or both, and later does no more. No split history: every receipt is in the one tree, no index was
 * given twice, the copy in the bucket is like the database; and every node takes writes again.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { startS3On } from '../e2e/s3-server.ts'
import { startTestServer } from '../storage/postgres/server.ts'
import { checkAfterwards } from './afterwards.ts'
import { Checker } from './checker.ts'
import { BUCKETS, Fleet, type Node } from './fleet.ts'
import { createRandom, Load, type Random } from './load.ts'
import { Network, type Way } from './network.ts'
import { Resumes } from './resumes.ts'
import type { Stage } from './scene.ts'

const NODES = ['node-0', 'node-1', 'node-2']
const [DATABASE, STORE] = ['database', 'store']
/** Few: what waits behind a cut is not what is measured. */
const CLIENTS = 15
const CALM_MS = 1000
/** More than a lease lasts, so that another node takes over where it can. */
const CUT_MS = 4500
const LONGER_MS = 4000
/** More than a node waits for an answer of the database: what is under way is then given up, not sent again. */
const LONGEST_MS = 35_000
const WAYS: readonly Way[] = ['both', 'there', 'back']

interface Cut {
  readonly who: 'leader' | 'follower'
  readonly from: readonly ('database' | 'store' | 'peers')[]
  readonly way: Way
  readonly isLongest?: boolean
}

/** In turn: the first nine are the shortest run that is worth it. */
const CUTS: readonly Cut[] = [
  ...WAYS.map((way): Cut => ({ who: 'leader', from: ['database'], way })),
  ...WAYS.map((way): Cut => ({ who: 'leader', from: ['store'], way })),
  { who: 'follower', from: ['database'], way: 'both' },
  { who: 'leader', from: ['peers'], way: 'both' },
  { who: 'leader', from: ['database', 'store'], way: 'both' },
  ...WAYS.map((way): Cut => ({ who: 'leader', from: ['database', 'store', 'peers'], way })),
  ...WAYS.map((way): Cut => ({ who: 'follower', from: ['database', 'store'], way })),
  ...WAYS.map((way): Cut => ({ who: 'leader', from: ['database'], way, isLongest: true })),
]

export async function partitionRounds(stage: Stage, rounds: number): Promise<void> {
  await using ending = new AsyncDisposableStack()
  const network = Network.create(DATABASE, STORE, ...NODES)
  ending.defer(() => network.close())
  const postgres = await startTestServer({ host: network.host(DATABASE) })
  ending.defer(() => postgres.stop())
  const scope = { teardown: (end: () => unknown) => ending.defer(async () => void (await end())) }
  const s3 = await startS3On(network.host(STORE), scope, ...Object.values(BUCKETS))
  const database = await postgres.create('nodes')
  const { endpoint } = s3.access(BUCKETS.ratchet)
  const homes = NODES.map((name) => ({ store: endpoint, host: network.host(name) }))
  const { fleet, vkey } = await Fleet.create({ folder: stage.folder, database, s3, homes, clients: CLIENTS })
  ending.defer(() => fleet.abandon())
  const play = new Play({ stage, network, fleet, checker: new Checker(vkey) })
  await play.begin()
  for (let round = 0; round < rounds; round++) {
    const what = await play.round(CUTS[round % CUTS.length] as Cut)
    stage.say(`round ${round} of seed ${stage.seed}, partitions: ${what}`)
  }
  await play.finish(database)
}

interface PlayParts {
  readonly stage: Stage
  readonly network: Network
  readonly fleet: Fleet
  readonly checker: Checker
}

class Play {
  readonly #parts: PlayParts
  readonly #load: Load
  readonly #random: Random
  readonly #resumes: Resumes<'cut' | 'healed'>

  constructor(parts: PlayParts) {
    const { stage, checker } = parts
    this.#parts = parts
    this.#random = createRandom(`${stage.seed}/partitions`)
    this.#load = new Load(checker, createRandom(`${stage.seed}/partitions/load`))
    this.#resumes = new Resumes({ load: this.#load, checker })
  }

  async begin(): Promise<void> {
    for (const node of this.#parts.fleet.nodes) await this.#parts.fleet.start(node, this.#load)
  }

  async round({ who, from, way, isLongest = false }: Cut): Promise<string> {
    const { fleet, network } = this.#parts
    await sleep(CALM_MS)
    const node = who === 'leader' ? await fleet.leader() : await fleet.follower(this.#random)
    const ms = isLongest ? LONGEST_MS : CUT_MS + Math.round(this.#random() * LONGER_MS)
    for (const each of from) for (const other of this.#hostsOf(each, node)) network.cut(nameOf(fleet, node), other, way)
    const others = () => fleet.nodes.filter((each) => each !== node)
    const healing = sleep(ms).then(() => network.heal())
    const [meanwhile] = await Promise.all([this.#resumes.timed('cut', others), healing])
    const healed = []
    for (const each of fleet.nodes) healed.push(await this.#resumes.timed('healed', () => [each]))
    const cut = `${node.name}, the ${who}, cut from ${from.join(', ')} (${way}) for ${ms} ms`
    return `${cut}; the others: ${meanwhile}; healed: ${healed.join(', ')}; ${this.#summary()}`
  }

  async finish(database: string): Promise<void> {
    const { fleet, checker, stage } = this.#parts
    await checkAfterwards({ fleet, load: this.#load, checker, database })
    stage.say(
      `partitions: warned of ${[...fleet.warnings].map(([code, count]) => `${code} ${count} times`).join(', ')}`,
    )
    stage.findings.push(...checker.findings.map((finding) => `partitions: ${finding}`))
    const [cut, healed] = [this.#resumes.inWords('cut'), this.#resumes.inWords('healed')]
    stage.say(`partitions: writes resumed ${cut} beside a node that is cut off, ${healed} on each node once healed`)
  }

  #hostsOf(from: Cut['from'][number], node: Node): readonly string[] {
    const { fleet } = this.#parts
    if (from === 'database') return [DATABASE]
    return from === 'store' ? [STORE] : NODES.filter((name) => name !== nameOf(fleet, node))
  }

  #summary(): string {
    const { receipts, heads, findings } = this.#parts.checker
    return `${receipts} receipts, ${heads} heads${findings.map((finding) => `; FINDING ${finding.slice(0, 200)}`).join('')}`
  }
}

function nameOf({ nodes }: Fleet, node: Node): string {
  return NODES[nodes.indexOf(node)] ?? ''
}
