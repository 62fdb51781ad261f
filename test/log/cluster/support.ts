/** Several nodes over one memory store, on a clock that only tests move. */

import type { TlogError } from '../../../src/kernel/error.ts'
import { FollowedTree } from '../../../src/log/cluster/followed-tree.ts'
import type { LeadHooks } from '../../../src/log/cluster/leader.ts'
import { Member, type MemberState } from '../../../src/log/cluster/member.ts'
import type { Fence, Intake, Lease } from '../../../src/log/cluster/ports.ts'
import { loadState } from '../../../src/log/load.ts'
import { createLog, DEFAULT_LIMITS, type LogLimits, type SequencedLog } from '../../../src/log/log.ts'
import type { LogStore, Ratchet, Witnesses } from '../../../src/log/ports.ts'
import { fenced, type MemoryLease, memoryIntake, memoryLease } from '../../../src/storage/memory-cluster.ts'
import { createWorld, ManualClock, ORIGIN, settle, type World } from '../support.ts'

export const LEASE_MS = 3000
export const CLAIM_MS = 1000

export interface Node {
  readonly name: string
  readonly log: Member
  readonly failures: unknown[]
  readonly delays: TlogError[]
  isLeading(): boolean
}

export interface Cluster {
  readonly world: World
  readonly lease: MemoryLease
  readonly intake: Intake
  state: MemberState
  /** Starts a node, and lets it have its first rounds. */
  node(name: string, options?: NodeOptions): Promise<Node>
}

export interface NodeOptions {
  readonly limits?: Partial<LogLimits>
  readonly intake?: Partial<Intake>
  readonly lease?: Partial<Lease>
  readonly witnesses?: Witnesses
  /** What the leader writes to, under its fence. */
  readonly store?: (store: LogStore, fence: Fence) => LogStore
  readonly reads?: Partial<LogStore>
  /** As each lead finds it. */
  readonly ratchet?: (ratchet: Ratchet) => Promise<Ratchet>
}

const NO_WITNESSES: Witnesses = { cosign: async ({ note }) => note, atOnce: 1, renewMs: null }

/** Signing and checking take time of their own, on other threads: the clock stands still meanwhile. */
class PatientClock extends ManualClock {
  #working = 0

  awaiting<A extends unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      this.#working++
      try {
        return await work(...args)
      } finally {
        this.#working--
      }
    }
  }

  override async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5) {
      await super.advance(Math.min(5, left))
      while (this.#working > 0) await settle(1)
    }
  }
}

function patientWorld(): World {
  const world = createWorld()
  const clock = new PatientClock()
  const { sign, open } = world.signer
  return { ...world, clock, signer: { ...world.signer, sign: clock.awaiting(sign), open: clock.awaiting(open) } }
}

export function createCluster(most = 10_000): Cluster {
  const world = patientWorld()
  const lease = memoryLease(world.clock, LEASE_MS)
  const intake = memoryIntake(most)
  const cluster: Cluster = {
    world,
    lease,
    intake,
    state: 'active',
    node: (name, options = {}) => startNode(cluster, name, options),
  }
  return cluster
}

async function startNode(cluster: Cluster, name: string, options: NodeOptions): Promise<Node> {
  const { world, lease } = cluster
  const { clock, signer, vkey } = world
  const failures: unknown[] = []
  const delays: TlogError[] = []
  let isLeading = false
  const identity = { slug: 'v2', dialect: 'test', origin: ORIGIN, vkey }
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const open = async (fence: Fence, { onFailure, onPublishDelayed, onPublished }: LeadHooks): Promise<SequencedLog> => {
    const ratchet = (await options.ratchet?.(world.ratchet)) ?? world.ratchet
    const guarded = fenced(world.store, lease, fence)
    const store = options.store?.(guarded, fence) ?? guarded
    const parts = {
      identity,
      state: cluster.state,
      store,
      storeLost: new Promise(() => undefined),
      ratchet,
      signer,
      witnesses: options.witnesses ?? NO_WITNESSES,
      clock,
      limits,
      onStep: (step: string) => {
        if (step === 'published') onPublished()
      },
      onPublishDelayed,
      onFailure,
    }
    return createLog(parts, await loadState({ origin: ORIGIN, store, ratchet, signer }))
  }
  const reader = { ...world.store, ...options.reads }
  const followed = await FollowedTree.load({ origin: ORIGIN, reader, open: signer.open })
  const parts = {
    identity,
    store: reader,
    signer,
    intake: { ...cluster.intake, ...options.intake },
    lease: { ...lease.node(name), ...options.lease },
    clock,
    limits,
    state: async () => cluster.state,
    claimMs: CLAIM_MS,
    pollMs: 20,
    idleMs: 250,
    open,
    onLead: (log: SequencedLog | null) => {
      isLeading = log !== null
    },
    onDelayed: (error: TlogError) => void delays.push(error),
    onFailure: (error: unknown) => void failures.push(error),
  }
  const member = new Member(parts, followed, cluster.state)
  await settle()
  return { name, log: member, failures, delays, isLeading: () => isLeading }
}

/** Lets the clock run until something holds, however long what runs beside it takes. */
export async function until({ clock }: World, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 4000; i++) {
    if (await holds()) return
    await clock.advance(5)
  }
  throw new Error('it never held')
}
