/** One witness's word on a checkpoint: `add-checkpoint` (c2sp.org/tlog-witness), and what comes back checked. */

import { formatNote, type Note, parseNote } from '../formats/c2sp/note.ts'
import type { PolicyWitness } from '../formats/c2sp/policy.ts'
import { formatAddCheckpoint } from '../formats/c2sp/witness-request.ts'
import { type Hash, type TreeSize, treeSize } from '../kernel/brand.ts'
import { concat, parseDecimal, parseUtf8 } from '../kernel/bytes.ts'
import { TlogError } from '../kernel/error.ts'
import { receive } from '../verify/checkpoint.ts'
import { openLine } from '../verify/note-line.ts'
import type { VerifyMlDsa44 } from '../verify/ports.ts'

/** A head that a log has signed, and wants cosigned. */
export interface Cosignable {
  readonly size: TreeSize
  /** Its checkpoint, with the log's own lines. */
  readonly note: Uint8Array
  /** That it grew out of an earlier head, of a size from 0 to its own. */
  growth(from: TreeSize): Promise<readonly Hash[]>
}

/** What a witness answered. */
export interface WitnessAnswer {
  readonly status: number
  readonly body: Uint8Array
}

/** Sends a request body to a submission prefix. @throws TlogError SERVICE_UNREACHABLE when no whole answer came in time */
export type Submit = (prefix: string, body: Uint8Array) => Promise<WitnessAnswer>

/** A server with one key or several, each a witness of the policy. */
export interface AskedServer {
  readonly url: string
  readonly witnesses: readonly PolicyWitness[]
}

/** The signature lines of those of its witnesses that cosigned, by their names in the policy. */
export type Lines = ReadonlyMap<string, Note['signatures']>

/** What the log knows of a server's part. */
export interface Memory {
  /** The size that it was last known to have cosigned; 0: none, and it says itself. */
  readonly old: TreeSize
  /** The largest head of this log so far: others hand on to witnesses what was published. */
  largest(): TreeSize
  /** It has a tree of a size between: most likely ours, which the answer to a larger head tells. */
  overtaken(size: TreeSize): void
}

/** It tells the size that it knows once, and may have got further meanwhile. */
const MAX_ATTEMPTS = 3

/**
 * Asks until it cosigns or has another answer.
 *
 * @throws TlogError SERVICE_UNREACHABLE; SERVICE_REFUSED for an answer that is none, lines that do not verify, or a newer head
 *   of ours that came before; WITNESS_REFUSED when it knows a larger tree than any of ours, or one that this does not grow out of
 */
export async function addCheckpoint(
  { url, witnesses }: AskedServer,
  head: Cosignable,
  { old, largest, overtaken }: Memory,
  { submit, mlDsa44 }: { readonly submit: Submit; readonly mlDsa44: VerifyMlDsa44 | null },
): Promise<Lines> {
  let from = old
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const body = formatAddCheckpoint({ old: from, proof: await head.growth(from), note: head.note })
    const answer = await submit(url, body)
    if (answer.status === 200) return await openLines(witnesses, head, answer.body, mlDsa44)
    if (answer.status === 422) throw conflict(url, 'refuses the proof that the tree grew out of what it has cosigned')
    if (answer.status !== 409) throw refused(url, `answered ${answer.status}: ${words(answer.body)}`)
    const known = from === head.size && answer.body.length === 0 ? from : knownSize(url, answer.body)
    if (known > largest()) throw conflict(url, `has cosigned a tree of ${known}, and this one has ${head.size}`)
    if (known > head.size) {
      overtaken(known)
      throw refused(url, `was given a larger head before the one of ${head.size}`)
    }
    // so says v1.0.0 of the protocol of another root, and an older witness in no words; later 422
    if (known === head.size && known === from) throw conflict(url, `has cosigned another tree of ${known}`)
    from = known
  }
  throw refused(url, `named another size ${MAX_ATTEMPTS} times`)
}

/** Lines of keys that the policy does not name are passed over; of those that it names every line must be good. */
async function openLines(
  witnesses: readonly PolicyWitness[],
  head: Cosignable,
  body: Uint8Array,
  mlDsa44: VerifyMlDsa44 | null,
): Promise<Lines> {
  const received = receive(concat(head.note, body))
  const lines = new Map<string, Note['signatures']>()
  for (const { name, vkey } of witnesses) {
    const line = await openLine(vkey, received, mlDsa44)
    if (line === null) continue
    if (line.time === 0) throw new TlogError('SERVICE_REFUSED', `${name}: a cosignature of a whole tree without a time`)
    const own = received.note.signatures.filter((one) => one.name === vkey.name && one.keyId === vkey.keyId)
    lines.set(name, own.slice(0, 1))
  }
  if (lines.size === 0) throw new TlogError('SERVICE_REFUSED', 'cosigned with no key of the policy')
  return lines
}

/** The note with lines after its own. */
export function withLines(note: Uint8Array, lines: Note['signatures']): Uint8Array {
  const { text, signatures } = parseNote(note)
  return formatNote({ text, signatures: [...signatures, ...lines] })
}

function knownSize(url: string, body: Uint8Array): TreeSize {
  try {
    return treeSize(parseDecimal(parseUtf8(body).replace(/\n$/, '')))
  } catch (cause) {
    throw new TlogError('SERVICE_REFUSED', `${url}: answered 409 without the size that it knows`, { cause })
  }
}

function conflict(url: string, why: string): TlogError {
  return new TlogError('WITNESS_REFUSED', `${url} ${why}`)
}

function refused(url: string, why: string): TlogError {
  return new TlogError('SERVICE_REFUSED', `${url} ${why}`)
}

const SHOWN = 200

function words(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 4 * SHOWN))
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, SHOWN)
}
