/** Keys of a log, stated one by one: those that an auditor pinned, or that a file of evidence names. */

import { keyId, logId } from '../formats/c2sp/vkey.ts'
import type { LogKey } from '../formats/log-key.ts'
import { parseSpki } from '../formats/pki/spki.ts'
import { treeKeyName } from '../formats/sigstore/tree-id.ts'
import { type TrustedLog, trustedLogByKey } from '../formats/sigstore/trusted-root.ts'
import { equal, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { NO_WITNESSES, receive } from './checkpoint.ts'
import type { VerifyMlDsa44 } from './ports.ts'
import { findSigner } from './rekor-log.ts'
import type { StatedLogs } from './stated-logs.ts'

/** Of any time: who states a key does not say since when. */
const EVER = { start: '1970-01-01T00:00:00Z' }

/** As logs to trust, without witnesses. @throws TlogError LOG_NOT_TRUSTED unless there is one, and all of one kind */
export function statedBy(keys: readonly LogKey[], mlDsa44: VerifyMlDsa44 | null): StatedLogs {
  const vkeys = keys.flatMap((key) => (key.kind === 'note' ? [key.vkey] : []))
  const hosts = keys.flatMap((key) => (key.kind === 'rekor' ? [key] : []))
  if ((vkeys.length === 0) === (hosts.length === 0))
    throw new TlogError('LOG_NOT_TRUSTED', 'the keys of one log are verifier keys, or of Rekor v1')
  if (hosts.length === 0) {
    return { root: null, policy: { ...NO_WITNESSES, logs: vkeys.map((vkey) => ({ vkey })) }, mlDsa44 }
  }
  const tlogs = hosts.map(({ host, spki }) => trustedLogByKey(`https://${host}`, spki, EVER))
  return { root: { tlogs, certificateAuthorities: [], ctLogs: [], timestampAuthorities: [] }, policy: null, mlDsa44 }
}

/** Those that a checkpoint which opened was opened by. @throws TlogError LOG_NOT_TRUSTED, NOTE_MALFORMED, CHECKPOINT_MALFORMED */
export function keysOf(note: Uint8Array, { root, policy }: StatedLogs): readonly LogKey[] {
  const { origin } = receive(note).checkpoint
  if (root !== null) return [keyOfTrusted(findSigner(root.tlogs, parseUtf8(note)), origin)]
  const name = treeKeyName(origin) ?? origin
  const lines = receive(note).note.signatures
  const isThere = (key: { name: string; keyId: number }) =>
    lines.some((line) => line.name === key.name && line.keyId === key.keyId)
  return (policy?.logs ?? [])
    .filter(({ vkey }) => vkey.name === name && isThere(vkey))
    .map(({ vkey }) => ({ kind: 'note', vkey }))
}

function keyOfTrusted({ publicKeySpki, logId: id }: TrustedLog, origin: string): LogKey {
  const key = parseSpki(publicKeySpki)
  if (key.kind === 'ed25519' && equal(id, logId(origin, key.bytes)))
    return {
      kind: 'note',
      vkey: { name: origin, type: 1, publicKey: key.bytes, keyId: keyId(origin, 1, key.bytes) },
    }
  return { kind: 'rekor', host: origin.replace(/ - \d{1,19}$/, ''), spki: publicKeySpki }
}
