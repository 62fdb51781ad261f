/** Nodes that stall, die and come back, in any order: whatever happens, there is one history, and every receipt is in it. */

import fc from 'fast-check'
import t from 'tap'
import { TlogError } from '../../../src/kernel/error.ts'
import type { LogStore } from '../../../src/log/ports.ts'
import type { Receipt } from '../../../src/log/prover.ts'
import { check, entry, type Gate, gate, inTime, problems } from '../support.ts'
import { type Cluster, createCluster, LEASE_MS, type Node } from './support.ts'

const NAMES = ['a', 'b', 'c']

/** A hand on one node: it may stand still before any of its writes, or lose the store after one. */
interface Hand {
  stalled: Gate | null
  isCut: boolean
}

type Move =
  | { readonly kind: 'add'; readonly node: number; readonly entry: number }
  | { readonly kind: 'stall' | 'wake' | 'cut' | 'end' | 'start'; readonly node: number }
  | { readonly kind: 'wait'; readonly ms: number }

const node = fc.nat(NAMES.length - 1)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), node, entry: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('stall', 'wake', 'cut', 'end', 'start'), node }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(LEASE_MS + 2000) }) },
)

class Play {
  readonly cluster: Cluster = createCluster()
  readonly hands: Hand[] = NAMES.map(() => ({ stalled: null, isCut: false }))
  readonly nodes: (Node | null)[] = NAMES.map(() => null)
  readonly answers: Promise<{ readonly entry: number; readonly receipt: Receipt } | null>[] = []
  readonly endings: Promise<void>[] = []

  async make(each: Move): Promise<void> {
    if (each.kind === 'wait') return await this.cluster.world.clock.advance(each.ms)
    const hand = this.hands[each.node] as Hand
    const member = this.nodes[each.node] ?? null
    if (each.kind === 'add') this.#add(member, each.entry)
    else if (each.kind === 'stall') hand.stalled ??= gate()
    else if (each.kind === 'cut') hand.isCut = true
    else if (each.kind === 'wake') this.#wake(hand)
    else if (each.kind === 'start') this.nodes[each.node] ??= await this.#start(each.node)
    else if (member !== null) {
      this.nodes[each.node] = null
      this.endings.push(member.log.close())
    }
    await this.cluster.world.clock.advance(10)
  }

  async end(): Promise<{ readonly entry: number; readonly receipt: Receipt }[]> {
    for (const hand of this.hands) this.#wake(hand)
    for (const member of this.nodes) if (member !== null) this.endings.push(member.log.close())
    const { clock } = this.cluster.world
    await inTime(clock, Promise.all(this.endings), 50)
    const answers = await inTime(clock, Promise.all(this.answers), 50)
    return answers.flatMap((answer) => (answer === null ? [] : [answer]))
  }

  #wake(hand: Hand): void {
    hand.stalled?.open()
    hand.stalled = null
  }

  #add(member: Node | null, number: number): void {
    if (member === null) return
    const answer = member.log.add(entry(number)).then((receipt) => ({ entry: number, receipt }))
    this.answers.push(answer.catch(() => null))
  }

  #start(number: number): Promise<Node> {
    const hand = this.hands[number] as Hand
    const guard =
      <A extends unknown[]>(write: (...args: A) => Promise<void>) =>
      async (...args: A): Promise<void> => {
        await hand.stalled?.passed
        await write(...args)
        if (!hand.isCut) return
        hand.isCut = false
        throw new TlogError('STORE_UNAVAILABLE', 'the connection was lost')
      }
    const store = (held: LogStore): LogStore => ({
      ...held,
      append: guard(held.append),
      publish: guard(held.publish),
    })
    return this.cluster.node(`${NAMES[number]}${this.endings.length}`, { store, limits: { waitMs: 2000 } })
  }
}

t.test('one history, whatever stalls, dies and comes back', async (t) => {
  const schedules = fc.array(move, { minLength: 5, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(schedules, async (moves) => {
      const play = new Play()
      await play.make({ kind: 'start', node: 0 })
      await play.make({ kind: 'start', node: 1 })
      for (const each of moves) await play.make(each)
      const answers = await play.end()
      const { world } = play.cluster
      const byIndex = new Map<number, number>()
      for (const { entry: number, receipt } of answers) {
        await check(world, entry(number), receipt)
        if ((byIndex.get(receipt.index) ?? number) !== number) throw new Error(`index ${receipt.index} twice`)
        byIndex.set(receipt.index, number)
      }
      const found = await problems(world)
      if (found.length > 0) throw new Error(found.join('; '))
    }),
    { numRuns: 40 },
  )
  t.pass()
})
