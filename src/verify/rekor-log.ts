/** What a Rekor log of the trusted root signs: promises (v1) and checkpoints (v1, v2). */

import { digest, verifyEd25519, verifyMessage } from '#crypto'
import { algorithmForKey } from '../crypto/algorithms.ts'
import { parseNote, uint32 } from '../formats/c2sp/note.ts'
import type { Policy } from '../formats/c2sp/policy.ts'
import { KEY_TYPE, logId } from '../formats/c2sp/vkey.ts'
import { type PublicKey, parseSpki } from '../formats/pki/spki.ts'
import type { BundleEntry } from '../formats/sigstore/bundle-entry.ts'
import { promisedBytes } from '../formats/sigstore/promise.ts'
import { treeKeyName } from '../formats/sigstore/tree-id.ts'
import type { TimeRange, TrustedLog, TrustedRoot } from '../formats/sigstore/trusted-root.ts'
import { parseTime } from '../formats/time.ts'
import { type UnixMillis, unixMillis } from '../kernel/brand.ts'
import { equal, hex, utf8 } from '../kernel/bytes.ts'
import { type ErrorCode, TlogError } from '../kernel/error.ts'
import { isSignedByListed, openCosigners, receive, shown, unsignedBy, type VerifiedCheckpoint } from './checkpoint.ts'
import type { ReceivedCheckpoint } from './note-line.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { verified } from './verified.ts'

/** A log that the caller trusts, its key parsed. */
export interface RekorLog {
  readonly trusted: TrustedLog
  readonly key: PublicKey
}

/** @throws TlogError LOG_NOT_TRUSTED; KEY_MALFORMED or KEY_NOT_ALLOWED for the root's key */
export function findLog(root: TrustedRoot, id: Uint8Array): RekorLog {
  const trusted = root.tlogs.find((log) => equal(log.logId, id))
  if (trusted === undefined) throw new TlogError('LOG_NOT_TRUSTED', `the trusted root has no log ${hex(id)}`)
  return { trusted, key: parseSpki(trusted.publicKeySpki) }
}

/**
 * The log that a checkpoint has a line of: an ID begins with what lines are found by. Whether the line is good is to be seen.
 * @throws TlogError LOG_NOT_TRUSTED, NOTE_MALFORMED
 */
export function findSigner(logs: readonly TrustedLog[], envelope: string): TrustedLog {
  const lines = new Set(parseNote(utf8(envelope)).signatures.map(({ keyId }) => keyId))
  const log = logs.find(({ logId }) => lines.has(uint32(logId)))
  if (log === undefined) throw new TlogError('LOG_NOT_TRUSTED', 'no log of the trusted root signed the checkpoint')
  return log
}

/**
 * The time at which the log says that it took the entry.
 * @throws TlogError PROMISE_INVALID; TIME_OUTSIDE when the root does not take the log's word for that time
 */
export async function openPromise(log: RekorLog, entry: BundleEntry, promise: Uint8Array): Promise<UnixMillis> {
  try {
    await verifySigned(log.key, promisedBytes(entry), promise)
  } catch (error) {
    throw retold(error, 'PROMISE_INVALID', `of ${log.trusted.baseUrl} for entry ${entry.index}`)
  }
  const time = unixMillis(entry.integratedTime * 1000)
  requireWithin(time, log.trusted.validFor, `the time in the promise of ${log.trusted.baseUrl}`)
  return time
}

/**
 * The checkpoint of an entry's proof. The trusted root names the log; a policy that lists logs must list it too.
 * @throws TlogError CHECKPOINT_UNTRUSTED when the log did not sign it, LOG_NOT_TRUSTED, QUORUM_MISSED, SIGNATURE_INVALID,
 *   CHECK_UNAVAILABLE, NOTE_MALFORMED, CHECKPOINT_MALFORMED
 */
export async function openRekorCheckpoint(
  log: RekorLog,
  envelope: string,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<VerifiedCheckpoint> {
  const note = utf8(envelope)
  const received = receive(note)
  const name = keyName(log, received.checkpoint.origin)
  const keyId = uint32(log.trusted.logId)
  const lines = received.note.signatures.filter((line) => line.name === name && line.keyId === keyId)
  if (lines.length === 0) throw untrusted(`${log.trusted.baseUrl} did not sign it`)
  for (const { signature } of lines) {
    try {
      await verifySigned(log.key, received.note.text, signature)
    } catch (error) {
      throw retold(error, 'CHECKPOINT_UNTRUSTED', `the line of ${shown(name)}`)
    }
  }
  if (policy.logs.length > 0) await requireListed(received, policy, mlDsa44)
  const cosigners = await openCosigners(received, policy, mlDsa44)
  return verified({ ...received.checkpoint, cosigners, note })
}

/**
 * A tree of a v1 log is listed by its name, which is made of its ECDSA key: bundles hold the line of that key alone, as
 * clients of v1 take no other, and the root has the key. Who lists its ML-DSA-44 key alone asks for more than that. Of any
 * other log a listed key must have signed as well.
 */
async function requireListed(
  received: ReceivedCheckpoint,
  policy: Policy,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<void> {
  const { origin } = received.checkpoint
  const isSigned = await isSignedByListed(received, policy, mlDsa44)
  const treeName = treeKeyName(origin)
  const isListed = policy.logs.some(({ vkey }) => vkey.name === treeName && vkey.type === KEY_TYPE.ed25519)
  if (!isSigned && !isListed) throw unsignedBy(origin)
}

/**
 * The name under which the log's key signs checkpoints of this origin. A v1 origin is `host - tree`, a v2 one the name.
 * An ID that is the hash of the key says nothing of the name, which is then that of the URL; any other is made of both.
 */
function keyName({ trusted, key }: RekorLog, origin: string): string {
  if (equal(trusted.logId, digest('SHA2_256', trusted.publicKeySpki))) {
    const name = V1_ORIGIN.exec(origin)?.[1] ?? origin
    if (hosts(trusted.baseUrl).includes(name)) return name
  } else if (key.kind === 'ed25519' && equal(trusted.logId, logId(origin, key.bytes))) return origin
  throw untrusted(`${shown(origin)} is not the log at ${trusted.baseUrl}`)
}

const V1_ORIGIN = /^(.+) - \d{1,19}$/

/** A URL's host with its port and without. */
function hosts(url: string): string[] {
  const [, host = '', name = ''] = /^https?:\/\/(([^/:?#@]+)(?::\d{1,5})?)(?:\/|$)/.exec(url) ?? []
  return [host, name].filter((one) => one !== '')
}

/** As Rekor signs: Ed25519 over the bytes, any other key with the hash that is its own. */
async function verifySigned(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<void> {
  if (key.kind === 'ed25519') await verifyEd25519(key.bytes, message, signature)
  else await verifyMessage({ algorithm: algorithmForKey(key), key, message, signature })
}

/** Both ends are inside. @throws TlogError TIME_OUTSIDE */
export function requireWithin(time: UnixMillis, { start, end }: TimeRange, what: string): void {
  if (time < parseTime(start)) throw new TlogError('TIME_OUTSIDE', `${what} is before ${start}`)
  if (end !== undefined && time > parseTime(end)) throw new TlogError('TIME_OUTSIDE', `${what} is after ${end}`)
}

function untrusted(why: string): TlogError {
  return new TlogError('CHECKPOINT_UNTRUSTED', why)
}

/** What was not checked is not bad: it keeps its own code. */
const UNDECIDED: readonly ErrorCode[] = ['LOG_BUSY', 'LOG_CLOSED', 'CHECK_UNAVAILABLE']

function retold(error: unknown, code: 'PROMISE_INVALID' | 'CHECKPOINT_UNTRUSTED', place: string): unknown {
  if (!(error instanceof TlogError) || UNDECIDED.includes(error.code)) return error
  return new TlogError(code, `${place}: ${error.message}`, { cause: error })
}
