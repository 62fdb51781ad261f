/** The lines of a log's own on a checkpoint that was stored or copied: those of Ed25519 and ML-DSA-44, in its name. */

import { parseVkey, type Vkey } from '../formats/c2sp/vkey.ts'
import { TlogError } from '../kernel/error.ts'
import type { Signer } from '../log/ports.ts'
import { openerOf } from '../log/signer.ts'
import type { LogRecord } from '../storage/database.ts'
import { receive } from '../verify/checkpoint.ts'
import { openLine, type ReceivedCheckpoint } from '../verify/note-line.ts'
import { nodeAbilities } from '../verify-node/abilities.ts'

/** A time before the signature. */
const ML_DSA_44_LINE_BYTES = 8 + 2420

type Keys = Pick<LogRecord, 'slug' | 'vkey' | 'mlDsaVkey'>

/** Of what this log signed: with all of its keys. @throws TlogError VKEY_MALFORMED */
export function openerOfAll(record: Keys): Signer['open'] {
  return opener(record, () => {
    throw new TlogError('SIGNATURE_UNKNOWN_KEY', 'no signature by its ML-DSA-44 key')
  })
}

/**
 * Of a copy, which may have dropped the line of ML-DSA-44: other people's programs do not know it. What it opens throws
 * IDENTITY_CHANGED for such a line by another key; and, where the log was just made anew and has no entry that says
 * otherwise, for none.
 */
export function openerOfCopy(record: Keys, isNew: boolean): Signer['open'] {
  return opener(record, () => {
    if (isNew)
      throw new TlogError(
        'IDENTITY_CHANGED',
        `log ${record.slug} was made here with an ML-DSA-44 key, and the copy is signed by none: if the log never had one, make the data directory anew with \`colophon log create --without-ml-dsa\`; if it had, the copy left the line out: take another copy`,
      )
  })
}

function opener(record: Keys, onAbsent: () => void): Signer['open'] {
  const open = openerOf(record.vkey)
  const mlDsa = record.mlDsaVkey === null ? null : parseVkey(record.mlDsaVkey)
  return async (note) => {
    const text = await open(note)
    const received = receive(note)
    requireSameKey(record, mlDsa, received)
    if (mlDsa !== null && (await openLine(mlDsa, received, nodeAbilities.mlDsa44)) === null) onAbsent()
    return text
  }
}

/** A log keeps its keys for life: with another one, or without, it would go on as one that nobody was told of (ADR 0009). */
function requireSameKey({ slug, vkey }: Keys, mlDsa: Vkey | null, { note }: ReceivedCheckpoint): void {
  const { name } = parseVkey(vkey)
  const own = note.signatures.filter((line) => line.name === name && line.signature.length === ML_DSA_44_LINE_BYTES)
  const other = own.find(({ keyId }) => keyId !== mlDsa?.keyId)
  if (other === undefined) return
  const here = mlDsa === null ? 'was made without one here' : `was made here with another one, ${idOf(mlDsa.keyId)}`
  throw new TlogError(
    'IDENTITY_CHANGED',
    `log ${slug} signed with the ML-DSA-44 key ${idOf(other.keyId)}, and ${here}: make the data directory anew with keys/${slug}.ml-dsa-44.pem of that time in its place before \`colophon log create\`. If that key is lost, end the log with \`colophon retire\``,
  )
}

function idOf(keyId: number): string {
  return keyId.toString(16).padStart(8, '0')
}
