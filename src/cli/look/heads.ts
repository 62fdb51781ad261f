/** The heads of a server's logs, measured by what is trusted and by what was seen before. */

import { below } from '../../client/ask.ts'
import type { LogServer, ShownHead } from '../../client/log-server.ts'
import { keyIdBytes } from '../../formats/c2sp/note.ts'
import type { Policy } from '../../formats/c2sp/policy.ts'
import { treeKeyName } from '../../formats/sigstore/tree-id.ts'
import { hex, utf8 } from '../../kernel/bytes.ts'
import { TlogError } from '../../kernel/error.ts'
import {
  type Cosigner,
  NO_WITNESSES,
  receive,
  requireSameLog,
  type VerifiedCheckpoint,
  verifyGrowth,
} from '../../verify/checkpoint.ts'
import { openStatedCheckpoint, type StatedLogs } from '../../verify/stated-logs.ts'
import { type Judged, judge, refused } from './judged.ts'
import type { AskedServer } from './server.ts'

export interface PostQuantumLine {
  /** The start of its verifier key: NAME+ID. */
  readonly key: string
  /** Whether the policy names the key, as the log's or a witness's: else nobody looked at the signature. */
  readonly isVerified: boolean
}

export interface SeenHead {
  readonly origin: string
  readonly size: number
  readonly root: string
  /** Witnesses of the policy. */
  readonly cosigners: readonly Cosigner[]
  /** The log's ML-DSA-44 line, when the checkpoint has one. */
  readonly postQuantum: PostQuantumLine | null
  /** The size that was seen before, of which it is the continuation; null when nothing was. */
  readonly before: number | null
  readonly note: string
}

/** In bytes: a time and a signature. */
const ML_DSA_44_LINE = 8 + 2420

export interface LookedAt {
  readonly name: string
  readonly place: string
  readonly state: string | null
  readonly judged: Judged<SeenHead>
}

/**
 * @param seen checkpoints by their place, of any server; null: nothing is remembered
 * @throws TlogError LOG_UNKNOWN when the server shows none of that name
 */
export async function lookAt(
  server: LogServer,
  { url, log, logs }: AskedServer,
  seen: ReadonlyMap<string, string> | null,
): Promise<LookedAt[]> {
  const heads = server.heads.filter(({ name }) => log === null || name === log)
  if (heads.length === 0) throw new TlogError('LOG_UNKNOWN', `${url}: it shows no log ${log ?? ''}`)
  const found: LookedAt[] = []
  for (const head of heads) {
    const place = below(url, head.place)
    const judged = await judge(logs !== null, () => look(head, logs, seen?.get(place) ?? null))
    found.push({ name: head.name, place, state: head.state, judged })
  }
  return log === null ? [...found, ...gone(url, found, seen)] : found
}

async function look(head: ShownHead, logs: StatedLogs | null, remembered: string | null): Promise<SeenHead> {
  const note = await head.checkpoint()
  if (logs === null) {
    const { origin, size, root } = receive(utf8(note)).checkpoint
    return {
      origin,
      size,
      root: hex(root),
      cosigners: [],
      postQuantum: postQuantumLine(note, null),
      before: null,
      note,
    }
  }
  const newest = await openStatedCheckpoint(note, logs)
  const before = remembered === null ? null : await openStatedCheckpoint(remembered, withoutQuorum(logs))
  if (before !== null) await requireGrowth(head, before, newest, note)
  const { origin, size, root, cosigners } = newest
  const postQuantum = postQuantumLine(note, logs.policy)
  return { origin, size, root: hex(root), cosigners, postQuantum, before: before?.size ?? null, note }
}

/** @param policy under which the note was opened: each line of a key that it names was good */
function postQuantumLine(text: string, policy: Policy | null): PostQuantumLine | null {
  const { note, checkpoint } = receive(utf8(text))
  const owner = treeKeyName(checkpoint.origin) ?? checkpoint.origin
  const line = note.signatures.find(({ name, signature }) => name === owner && signature.length === ML_DSA_44_LINE)
  if (line === undefined) return null
  const known = [...(policy?.logs ?? []), ...(policy?.witnesses ?? [])]
  const isVerified = known.some(({ vkey }) => vkey.name === line.name && vkey.keyId === line.keyId)
  return { key: `${line.name}+${hex(keyIdBytes(line.keyId))}`, isVerified }
}

/** What was seen was cosigned as the policy of then asked. */
function withoutQuorum({ policy, ...logs }: StatedLogs): StatedLogs {
  return { ...logs, policy: policy === null ? null : { ...NO_WITNESSES, logs: policy.logs } }
}

async function requireGrowth(
  head: ShownHead,
  before: VerifiedCheckpoint,
  newest: VerifiedCheckpoint,
  note: string,
): Promise<void> {
  requireSameLog(before, newest)
  const isProven = before.size > 0 && before.size < newest.size
  verifyGrowth(before, newest, isProven ? await head.consistency(before.size, newest.size, note) : [])
}

/** A log that went back could also show itself no more, and another in its place. */
function gone(url: string, found: readonly LookedAt[], seen: ReadonlyMap<string, string> | null): LookedAt[] {
  const shown = new Set(found.map(({ place }) => place))
  const missing = [...(seen?.keys() ?? [])].filter((place) => place.startsWith(below(url, '/')) && !shown.has(place))
  return missing.map((place) => ({
    name: place,
    place,
    state: null,
    judged: refused('TREE_SHRUNK', 'it was seen before, and is not shown any more'),
  }))
}
