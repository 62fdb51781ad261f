/** The witness (c2sp.org/tlog-witness): it cosigns a log's checkpoint only when it goes on from the last one it cosigned. */

import { type Checkpoint, formatCheckpoint, parseClaimedCheckpoint } from '../formats/c2sp/checkpoint.ts'
import { formatNote, formatSignatureLine, type Note, type NoteSignature, parseNote } from '../formats/c2sp/note.ts'
import type { Vkey } from '../formats/c2sp/vkey.ts'
import { type AddCheckpoint, parseAddCheckpoint, parseSignSubtree } from '../formats/c2sp/witness-request.ts'
import type { TreeSize } from '../kernel/brand.ts'
import { equal } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { verifySubtree } from '../kernel/proof.ts'
import { validSubtree } from '../kernel/range.ts'
import type { Clock } from '../log/ports.ts'
import { openLine, type ReceivedCheckpoint } from '../verify/note-line.ts'
import type { VerifyMlDsa44 } from '../verify/ports.ts'
import { cosign, cosignSubtree } from './cosign.ts'
import { decide, type Verdict } from './decide.ts'
import type { KnownLog, KnownLogs } from './known-logs.ts'
import { CosignLimits } from './limits.ts'
import { logIdOf } from './log-id.ts'
import type { CosignedHead, WitnessKeys, WitnessStore } from './ports.ts'
import type { OnWitnessStep, WitnessWatch } from './steps.ts'
import { Turns } from './turns.ts'

export type { CosignedSize } from './ports.ts'
export type { WitnessWatch } from './steps.ts'

export interface WitnessParts {
  readonly keys: WitnessKeys
  readonly logs: KnownLogs
  readonly store: WitnessStore
  readonly now: Clock['now']
  readonly verifyMlDsa44: VerifyMlDsa44
  readonly onStep: OnWitnessStep
  readonly watch: WitnessWatch
  /** What was being stored may be there or not: the process must end, and look when it starts again. */
  readonly onFailure: (error: unknown) => void
}

/** Lines of the witness, or the size from which the log must prove. */
export type Added = { readonly lines: string } | { readonly size: TreeSize }

export interface Witness {
  /**
   * Takes the body of `add-checkpoint`. What is answered with lines is durable.
   *
   * @throws TlogError REQUEST_MALFORMED, NOTE_MALFORMED, CHECKPOINT_MALFORMED; LOG_UNKNOWN; SIGNATURE_UNKNOWN_KEY when none
   *   of the log's keys signed, SIGNATURE_INVALID when a line of one is bad; PROOF_INVALID; LOG_BUSY above the log's rate;
   *   and what WitnessStore.advance throws.
   */
  addCheckpoint(body: Uint8Array): Promise<Added>
  /**
   * Takes the body of `sign-subtree` and gives one line, of ML-DSA-44. Nothing is looked up: the witness's own cosignature
   * on the checkpoint is what it goes by.
   *
   * @throws TlogError as addCheckpoint does, but for LOG_BUSY and the store's; the keys are here the witness's own
   */
  signSubtree(body: Uint8Array): Promise<string>
  /** The newest cosigned checkpoint of the log whose origin has this SHA-256, as a note; null when there is none. */
  checkpoint(logId: Uint8Array): Promise<Uint8Array | null>
}

/** Whatever else storing throws, its outcome is unknown, or another process has the store. */
const NOTHING_STORED: ReadonlySet<string> = new Set(['STORE_FULL', 'STORE_LOCKED'])

export function createWitness(parts: WitnessParts): Witness {
  const { store, keys, logs, verifyMlDsa44 } = parts
  const turns = new Turns()
  const limits = new CosignLimits(parts.now, parts.watch.limited)

  return {
    async addCheckpoint(body) {
      const request = parseAddCheckpoint(body)
      const received = receive(request.note)
      const { checkpoint } = received
      const log = find(logs, checkpoint.origin)
      const logLines = await openLines(log.keys, received, verifyMlDsa44)
      checkNoExtensions(checkpoint)
      return await turns.take(log.origin, () => settle(parts, limits, { log, request, checkpoint, logLines }))
    },

    async signSubtree(body) {
      const { subtree, proof, note } = parseSignSubtree(body)
      const received = receive(note)
      const { checkpoint } = received
      checkNoExtensions(checkpoint)
      const { start, end } = subtree
      if (!validSubtree(start, end) || end > checkpoint.size)
        throw new TlogError('REQUEST_MALFORMED', `[${start}, ${end}) is no subtree of a tree of ${checkpoint.size}`)
      find(logs, checkpoint.origin)
      await openLines([keys.ed25519.vkey, keys.mlDsa44.vkey], received, verifyMlDsa44)
      verifySubtree(subtree, checkpoint, proof)
      const line = await cosignSubtree(keys, checkpoint.origin, subtree)
      parts.watch.cosigned(checkpoint.origin, 'subtree')
      return formatSignatureLine(line)
    },

    async checkpoint(logId) {
      return (await store.head(logId))?.note ?? null
    },
  }
}

/** A checkpoint that its log has signed. */
interface Signed {
  readonly log: KnownLog
  readonly request: AddCheckpoint
  readonly checkpoint: Checkpoint
  readonly logLines: readonly NoteSignature[]
}

/** One checkpoint of a log at a time. The order is all there is to a witness. */
async function settle(parts: WitnessParts, limits: CosignLimits, signed: Signed): Promise<Added> {
  const { log, request, checkpoint, logLines } = signed
  const stored = await parts.store.head(logIdOf(log.origin))
  const verdict = judge(parts, stored, signed)
  if (verdict.kind === 'moved') return { size: verdict.size }
  limits.take(log.origin, verdict.kind, log.rate)
  const detail = { entries: checkpoint.size - request.old, size: checkpoint.size }
  parts.onStep('verified', detail) // 1. pure: the log signed it, and it holds what we cosigned
  const time = Math.max(Math.floor(parts.now() / 1000), stored?.time ?? 1)
  const lines = await cosign(parts.keys, checkpoint, time) // 2. in memory: nobody has seen it
  parts.onStep('cosigned', detail)
  const { size, root } = checkpoint
  const note = formatNote({ text: formatCheckpoint(checkpoint), signatures: [...logLines, ...lines] })
  await advance(parts, log.origin, stored, { size, root, time, note }) // 3. durable, or it never happened
  parts.onStep('stored', detail)
  parts.watch.cosigned(log.origin, verdict.kind)
  return { lines: lines.map(formatSignatureLine).join('') } // 4. only now it leaves
}

function judge({ watch }: WitnessParts, stored: CosignedHead | null, { request, checkpoint }: Signed): Verdict {
  try {
    return decide(stored, request, checkpoint)
  } catch (error) {
    if (stored?.size === checkpoint.size && !equal(stored.root, checkpoint.root))
      watch.forked(checkpoint.origin, stored.note, request.note)
    throw error
  }
}

async function advance(
  { store, onFailure }: WitnessParts,
  origin: string,
  stored: CosignedHead | null,
  next: CosignedHead,
): Promise<void> {
  try {
    await store.advance(origin, stored, next)
  } catch (error) {
    if (!(error instanceof TlogError && NOTHING_STORED.has(error.code))) onFailure(error)
    throw error
  }
}

function receive(bytes: Uint8Array): ReceivedCheckpoint {
  const note = parseLines(bytes)
  return { note, checkpoint: parseClaimedCheckpoint(note.text) }
}

/**
 * Other witnesses take base64 with stray bits at its end, and find a signature that does not verify. Here such a line is
 * refused unread, in the same words.
 */
function parseLines(bytes: Uint8Array): Note {
  try {
    return parseNote(bytes)
  } catch (error) {
    for (let cause = error; cause instanceof TlogError; cause = cause.cause)
      if (cause.code === 'BASE64_MALFORMED')
        throw new TlogError('SIGNATURE_INVALID', (error as TlogError).message, { cause: error })
    throw error
  }
}

function find(logs: KnownLogs, origin: string): KnownLog {
  const log = logs.find(origin)
  if (log === undefined) throw new TlogError('LOG_UNKNOWN', 'no log of this origin is known here')
  return log
}

/**
 * The first line of each key that signed, verified. Lines of others, also such as bear the witness's own name, are left
 * out: what is kept must open again.
 */
async function openLines(
  keys: readonly Vkey[],
  received: ReceivedCheckpoint,
  verifyMlDsa44: VerifyMlDsa44,
): Promise<readonly NoteSignature[]> {
  const lines: NoteSignature[] = []
  for (const vkey of keys) {
    if ((await openLine(vkey, received, verifyMlDsa44)) === null) continue
    const isBy = ({ name, keyId }: NoteSignature) => name === vkey.name && keyId === vkey.keyId
    lines.push(...received.note.signatures.filter(isBy).slice(0, 1))
  }
  if (lines.length === 0)
    throw new TlogError('SIGNATURE_UNKNOWN_KEY', `no signature by a key of ${keys.map(({ name }) => name)[0]}`)
  return lines
}

/** ML-DSA-44 does not cover them: a line that does, beside one that does not, would say two things of one note. */
function checkNoExtensions({ extensions }: Checkpoint): void {
  if (extensions.length > 0)
    throw new TlogError('CHECKPOINT_MALFORMED', 'a checkpoint with extension lines is not cosigned here')
}
