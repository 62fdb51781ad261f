/** A log of a database that several nodes share: this node's member of it. */

import type { TlogError } from '../kernel/error.ts'
import { FollowedTree } from '../log/cluster/followed-tree.ts'
import type { LeadHooks } from '../log/cluster/leader.ts'
import { Member, type MemberParts, type MemberState } from '../log/cluster/member.ts'
import type { Fence, SharedLog } from '../log/cluster/ports.ts'
import { loadState } from '../log/load.ts'
import { createLog, type Log, type LogLimits, type LogParts, type SequencedLog } from '../log/log.ts'
import type { Clock, Ratchet, Signer } from '../log/ports.ts'

/** A lease lasts three times as long. */
const CLAIM_MS = 1000
const POLL_MS = 20
const IDLE_MS = 250

export interface Hands {
  readonly signer: Signer
  /** As it is by now: others have led meanwhile. */
  readonly ratchet: () => Promise<Ratchet>
}

export interface NodeParts extends Pick<LogParts, 'identity' | 'witnesses' | 'onStep' | 'onFailure'> {
  readonly shared: SharedLog
  readonly clock: Clock
  readonly limits: LogLimits
  /** Null: keys or ratchet are lost, and nothing is signed any more. Only of a frozen log. */
  readonly hands: Hands | null
  /** Checks what the log's key once signed. */
  readonly opener: Signer['open']
  readonly state: () => Promise<MemberState>
  readonly onDelayed: (error: TlogError) => void
  /** Whether this node sequences the log, whenever that changes. */
  readonly onLead: (leads: boolean) => void
}

/** @throws TlogError STORE_CORRUPT when the stored tree is not the published one. */
export async function prepareMember(parts: NodeParts): Promise<() => Log> {
  const { shared, hands, identity, clock, limits, opener, state, onDelayed, onFailure } = parts
  const followed = await FollowedTree.load({ origin: identity.origin, reader: shared.reader, open: opener })
  const known = await state()
  const memberParts: MemberParts = {
    identity,
    store: shared.reader,
    signer: hands?.signer ?? {},
    intake: shared.intake,
    lease: shared.lease,
    clock,
    limits,
    state,
    claimMs: CLAIM_MS,
    pollMs: POLL_MS,
    idleMs: IDLE_MS,
    open: hands && ((fence, hooks) => lead({ ...parts, hands }, fence, hooks)),
    onLead: (log) => parts.onLead(log !== null),
    onDelayed,
    onFailure,
  }
  return () => new Member(memberParts, followed, known)
}

/** @throws TlogError as loadState does. */
async function lead(
  { shared, hands, identity, witnesses, clock, limits, state, onStep }: NodeParts & LeadParts,
  fence: Fence,
  { onFailure, onPublishDelayed, onPublished }: LeadHooks,
): Promise<SequencedLog> {
  const { signer } = hands
  const ratchet = await hands.ratchet()
  const store = shared.fenced(fence)
  const loaded = await loadState({ origin: identity.origin, store, ratchet, signer })
  const parts: LogParts = {
    identity,
    state: await state(),
    store,
    storeLost: new Promise(() => undefined), // a lost connection fails the write that needs it
    ratchet,
    signer,
    witnesses,
    clock,
    limits,
    onStep: (step, detail) => {
      onStep(step, detail)
      if (step === 'published') onPublished()
    },
    onPublishDelayed,
    onFailure,
  }
  return createLog(parts, loaded)
}

type LeadParts = { readonly hands: Hands }
